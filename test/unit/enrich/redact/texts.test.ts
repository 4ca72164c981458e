import { describe, expect, it } from 'vitest';
import { redacted } from './redacted.ts';

const X = '[redacted]';
/** What becomes of one argument. */
const argument = (text: string): string | undefined => redacted(['app', text])[1];
const script = (text: string): string | undefined => redacted(['bash', '-c', text])[2];

describe('addresses', () => {
  it.each([
    ['postgres://bob:hunter2@db:5432/app?sslmode=require', `postgres://bob:${X}@db:5432/app?sslmode=require`],
    ['redis://:hunter2@cache/0', `redis://:${X}@cache/0`],
    ['mongodb://bob:p@ss:w@h1:1,h2:2/db', `mongodb://bob:${X}@h1:1,h2:2/db`],
    ['--url=https://bob:hunter2@example.com/x', `--url=https://bob:${X}@example.com/x`],
    ['amqp://bob:hun/ter2@mq/vhost', `amqp://bob:${X}@mq/vhost`],
    ['https://x-access-token:abc@github.com/a/b', `https://x-access-token:${X}@github.com/a/b`],
    [`https://ghp_${'a'.repeat(36)}:x-oauth-basic@github.com/a`, `https://${X}:${X}@github.com/a`],
    [`https://ghp_${'a'.repeat(36)}@github.com/a`, `https://${X}@github.com/a`],
    ['https://abcDEF123456ghiJKL789@git.example.com/a', `https://${X}@git.example.com/a`],
    ['jdbc:mysql://db/app?user=bob&password=hunter2&ssl=1', `jdbc:mysql://db/app?user=bob&password=${X}&ssl=1`],
    ['https://s.example.com/?sv=1&sig=aB3dEfGh1jKlMn0pQrSt%3D&x=1', `https://s.example.com/?sv=1&sig=${X}&x=1`],
    ['https://hooks.slack.com/services/T00/B00/abc', `https://hooks.slack.com/services/${X}`],
    ['https://api.telegram.org/bot123:abc/sendMessage', `https://api.telegram.org/bot${X}/sendMessage`],
    ['http://a:1/b,http://bob:hunter2@c/d', `http://a:1/b,http://bob:${X}@c/d`],
  ])('%s', (text, expected) => expect(argument(text)).toBe(expected));
});

describe('names with values', () => {
  it.each([
    ['PGPASSWORD=hunter2', `PGPASSWORD=${X}`],
    ['DB_PASSWORD=two words', `DB_PASSWORD=${X}`],
    ['AWS_SECRET_ACCESS_KEY=abc/def+g', `AWS_SECRET_ACCESS_KEY=${X}`],
    ['SECRET_KEY_BASE=abc', `SECRET_KEY_BASE=${X}`],
    ['MYSQL_PWD=abc', `MYSQL_PWD=${X}`],
    ['-Dspring.datasource.password=abc', `-Dspring.datasource.password=${X}`],
    ['-eDB_PASSWORD=abc', `-eDB_PASSWORD=${X}`],
    ['--env=DB_PASSWORD=abc', `--env=DB_PASSWORD=${X}`],
    ['host=db user=bob password=abc sslmode=require', `host=db user=bob password=${X} sslmode=require`],
    ["host=db password='a b' user=x", `host=db password='${X}' user=x`],
    [`--env=PASSWORD="hunter2""hunter3`, `--env=PASSWORD=${X}`],
    [`--env=PASSWORD='h'"hunter3`, `--env=PASSWORD=${X}`],
    [`--env=PASSWORD="h" hunter3`, `--env=PASSWORD=${X}`],
    ['user=bob,password====\\"hunter2,vers=3', `user=bob,password===${X},vers=3`],
    ['password === "hunter2"', `password === "${X}"`],
    [`-d 'user=x password="a b"' y`, `-d 'user=x password="${X}"' y`],
    ['username=bob,password=a b,vers=3', `username=bob,password=${X},vers=3`],
    ['Server=db;User Id=sa;Password=a,b&c;Encrypt=1', `Server=db;User Id=sa;Password=${X};Encrypt=1`],
    ['{"user":"bob","password":"a\\"b c","n":1}', `{"user":"bob","password":"${X}","n":1}`],
    ['{"token" : 12345, "a": 1}', `{"token" : ${X}, "a": 1}`],
    ['{\\"password\\":\\"a b\\",\\"n\\":1}', `{\\"password\\":\\"${X}\\",\\"n\\":1}`],
    ["{'api_key': 'abc'}", `{'api_key': '${X}'}`],
    ['user[password]=abc', `user[password]=${X}`],
    ['user%5Bpassword%5D=abc&x=1', `user%5Bpassword%5D=${X}`],
    ['a=1&access_token=abc&b=2', `a=1&access_token=${X}&b=2`],
    ['password: hunter2', `password: ${X}`],
    ['password = hunter2', `password = ${X}`],
    ['NOPASSWD: ALL', 'NOPASSWD: ALL'],
    ['expect "password:" { exit 1 }', 'expect "password:" { exit 1 }'],
  ])('%s', (text, expected) => expect(argument(text)).toBe(expected));

  it('an empty value is continued by the next argument', () => {
    expect(redacted(['app', 'PASSWORD=', 'hunter2', 'x'])).toEqual(['app', 'PASSWORD=', X, 'x']);
    expect(redacted(['app', '--password=', 'hunter2'])).toEqual(['app', '--password=', X]);
    expect(redacted(['app', '--password=', '--verbose'])).toEqual(['app', '--password=', '--verbose']);
  });
});

describe('secrets known by their looks', () => {
  const letters = 'aB3dEfGh1jKlMn0pQrSt5vWxYz7aB3dEfGh1jKlMn0pQrSt';
  it.each([
    'AKIAIOSFODNN7EXAMPLE',
    'ASIAIOSFODNN7EXAMPLE',
    `ghp_${letters}`,
    `github_pat_11ABC_${letters}`,
    `glpat-${letters.slice(0, 20)}`,
    `xoxb-123456789012-${letters}`,
    `AIza${letters.slice(0, 35)}`,
    `ya29.${letters}`,
    `GOCSPX-${letters.slice(0, 28)}`,
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
    `sk-proj-${letters}`,
    `sk_live_${letters}`,
    `npm_${letters.slice(0, 36)}`,
    `hvs.${letters}`,
    `SG.${letters.slice(0, 22)}.${letters.slice(0, 43)}`,
  ])('%s', (secret) => {
    expect(argument(secret)).toBe(X);
    expect(argument(`x=${secret}`)).toBe(`x=${X}`);
    expect(argument(`see ${secret}, please`)).toBe(`see ${X}, please`);
  });

  it('not in the middle of a word', () => expect(argument(`task-AKIAIOSFODNN7EXAMPLES aAKIAIOSFODNN7EXAMPLE`)).toContain('AKIA'));

  it('Bearer before a token, without the name of a header', () => {
    expect(argument('Bearer abcdefgh12')).toBe(`Bearer ${X}`);
    expect(argument('bearer of news')).toBe('bearer of news');
  });

  it('private keys, whole or cut', () => {
    const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\n';
    expect(argument(key)).toBe(`-----BEGIN RSA PRIVATE KEY-----${X}-----END RSA PRIVATE KEY-----\n`);
    expect(argument(key.slice(0, 45))).toBe(`-----BEGIN RSA PRIVATE KEY-----${X}`);
    expect(argument('-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----')).toContain('MIIE');
  });
});

describe('texts that a shell reads', () => {
  it.each([
    ['PGPASSWORD=abc psql -h db', `PGPASSWORD=${X} psql -h db`],
    ["PGPASSWORD='a b'c psql", `PGPASSWORD=${X} psql`],
    [`app '--env=PASSWORD="hunter2""hunter3' x`, `app '--env=PASSWORD=${X}' x`],
    ['PGPASSWORD=a\\ b psql', `PGPASSWORD=${X} psql`],
    ['export A=1 TOKEN=abc; run', `export A=1 TOKEN=${X}; run`],
    ['mysql -uroot -phunter2 db', `mysql -uroot -p${X} db`],
    ['cat x|mysql -phunter2;ls -p x', `cat x|mysql -p${X};ls -p x`],
    ['a && $(mysql -phunter2 -e x) && mkdir -p y', `a && $(mysql -p${X} -e x) && mkdir -p y`],
    ['mysql -p"hunter 2" db', `mysql -p"${X}" db`],
    ['run --password "a b" --x', `run --password "${X}" --x`],
    ["sh -c 'mysql -phunter2' x", `sh -c 'mysql -p${X}' x`],
    ['sh -c "sh -c \'mysql -phunter2 x\'"', `sh -c "sh -c 'mysql -p${X} x'"`],
    ['sh -c "sh -c \\"mysql -phunter2 x\\""', `sh -c "sh -c \\"mysql -p${X} x\\""`],
    ["don't mind: mysql -phunter2 x, it isn't", `don't mind: mysql -p${X} x, it isn't`],
    ['curl -H "Authorization: Bearer abc" https://x', `curl -H "Authorization: Bearer ${X}" https://x`],
    ["curl -u 'bob:a b' https://x", `curl -u 'bob:${X}' https://x`],
    ['curl -d "user=x&password=a b" https://x', `curl -d "user=x&password=${X} b" https://x`],
    ['curl -d "password=a b" https://x', `curl -d "password=${X}" https://x`],
    ['curl -d "{\\"password\\":\\"a b\\"}" https://x', `curl -d "{\\"password\\":${X}" https://x`],
    ['cat <<E\npassword: hunter2\nE\n', `cat <<E\npassword: ${X}\nE\n`],
    [
      'cat <<E\n-----BEGIN PRIVATE KEY-----\nabc def\n-----END PRIVATE KEY-----\nE',
      `cat <<E\n-----BEGIN PRIVATE KEY-----${X}-----END PRIVATE KEY-----\nE`,
    ],
    ['curl -H Authorization:\\ Bearer\\ abc x', `curl -H Authorization:\\ Bearer\\ ${X} x`],
    [`run --header 'X-Token: '\\''abc' x`, `run --header 'X-Token: '\\''${X}' x`],
    ['echo x; htpasswd -b f bob hunter2 && ls', `echo x; htpasswd -b f bob ${X} && ls`],
  ])('%s', (text, expected) => expect(script(text)).toBe(expected));

  it('leave variables that hold the secret', () => {
    const text = 'export TOKEN=$TOKEN; run --token "$TOKEN" --password ${PW} && mysql -p"$PW"';
    expect(script(text)).toBe(text);
    expect(redacted(['run', '--token', '$TOKEN'])).toEqual(['run', '--token', X]);
  });

  it('are found wherever an argument has spaces', () => {
    expect(redacted(['ssh', 'host', 'PGPASSWORD=abc psql -h db'])).toEqual(['ssh', 'host', `PGPASSWORD=${X} psql -h db`]);
    expect(redacted(['watch', 'mysql -phunter2'])).toEqual(['watch', `mysql -p${X}`]);
    expect(redacted(['su', '-', 'bob', '-c', 'TOKEN=abc run x'])).toEqual(['su', '-', 'bob', '-c', `TOKEN=${X} run x`]);
    expect(redacted(['master --password hunter2 x'])).toEqual([`master --password ${X} x`]);
  });

  it('are not the arguments of a script', () => {
    expect(redacted(['bash', 'run.sh', 'PASSWORD=two words'])).toEqual(['bash', 'run.sh', `PASSWORD=${X}`]);
  });
});
