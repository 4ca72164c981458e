import { describe, expect, it } from 'vitest';
import { redacted } from './redacted.ts';

const X = '[redacted]';
const text = (script: string) => redacted(['app', '-c', script])[2];
const shell = (script: string) => redacted(['sh', '-c', script])[2];

describe('texts in quotes that the words before them make a secret', () => {
  it.each([
    [`ALTER USER bob IDENTIFIED BY 'hunter2'; SELECT 'x'`, `ALTER USER bob IDENTIFIED BY '${X}'; SELECT 'x'`],
    [
      `create user bob identified with caching_sha2_password by "hunter2"`,
      `create user bob identified with caching_sha2_password by "${X}"`,
    ],
    [`CREATE ROLE bob LOGIN PASSWORD 'hun''ter\\'2' VALID UNTIL '2030'`, `CREATE ROLE bob LOGIN PASSWORD '${X}' VALID UNTIL '2030'`],
    [`SET PASSWORD FOR 'bob'@'%' = PASSWORD('hunter2')`, `SET PASSWORD FOR 'bob'@'%' = PASSWORD('${X}')`],
    [`SET PASSWORD FOR 'bob'@'%' = 'hunter2'`, `SET PASSWORD FOR 'bob'@'%' = '${X}'`],
    [`OPTIONS (user 'bob', password 'hunter2')`, `OPTIONS (user 'bob', password '${X}')`],
    [`ALTER USER bob PASSWORD 'cut off`, `ALTER USER bob PASSWORD '${X}`],
    [`expect "*?assword:"; send "hunter2\\r"; expect eof`, `expect "*?assword:"; send "${X}"; expect eof`],
    ['<user>bob</user><db:password>hunter2</db:password>', `<user>bob</user><db:password>${X}</db:password>`],
    [`db.auth("bob", "hunter2")`, `db.auth("bob", "${X}")`],
    [`c.expect('assword'); c.sendline('hunter2')`, `c.expect('assword'); c.sendline('${X}')`],
  ])('%s', (given, expected) => expect(text(given)).toBe(expected));

  it.each([
    `SELECT password FROM users WHERE name = 'bob'`,
    `print('enter password ', end='')`,
    `read -p "Enter password " p; echo "x"`,
    `expect "yes/no"; send "yes\\r"`,
    `echo 'verified by 'bob`,
  ])('stays whole: %s', (given) => expect(text(given)).toBe(given));

  it('within what a shell reads', () => {
    expect(shell(`psql -c "ALTER USER bob PASSWORD 'hunter2'" && ls 'a'`)).toBe(`psql -c "ALTER USER bob PASSWORD '${X}'" && ls 'a'`);
    expect(shell(`psql -c "ALTER USER bob PASSWORD '$PW'"`)).toBe(`psql -c "ALTER USER bob PASSWORD '$PW'"`);
  });
});

describe('what a script writes into the input of a program that reads a secret', () => {
  it.each([
    ['echo hunter2 | sudo -S -p "" ls', `echo ${X} | sudo -S -p "" ls`],
    ['echo hunter2|sudo -kS ls', `echo ${X}|sudo -kS ls`],
    [`ls; echo 'root:hunter2' | sudo chpasswd; echo done | cat`, `ls; echo 'root:${X}' | sudo chpasswd; echo done | cat`],
    ['printf "%s\\n" "hunter two" | docker login -u bob --password-stdin', `printf "%s\\n" "${X}" | docker login -u bob --password-stdin`],
    [`echo -e "a\\na" | passwd bob`, `echo -e "${X}" | passwd bob`],
    ['sudo -S ls <<< hunter2; chpasswd <<<"root:hunter2"', `sudo -S ls <<< ${X}; chpasswd <<<"root:${X}"`],
  ])('%s', (given, expected) => {
    expect(shell(given)).toBe(expected);
    expect(redacted(['ssh', 'host', given])[2]).toBe(expected);
  });

  it.each([
    'echo "$PASSWORD" | docker login -u bob --password-stdin',
    'echo passwd | grep passwd /etc/passwd',
    'echo x | sudo tee /etc/x',
    'echo x || sudo -S ls',
    'echo x; sudo -S ls',
    'cat <<< passwd',
  ])('stays whole: %s', (given) => expect(shell(given)).toBe(given));
});
