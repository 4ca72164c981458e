import { describe, expect, it } from 'vitest';
import { redacted, redactedLine } from './redacted.ts';

const X = '[redacted]';

describe('options with a telling name', () => {
  it.each([
    ['app --password=hunter2', `app --password=${X}`],
    ['app --password hunter2 go', `app --password ${X} go`],
    ['app -password hunter2', `app -password ${X}`],
    ['app --db-password hunter2', `app --db-password ${X}`],
    ['app --dbPassword=hunter2', `app --dbPassword=${X}`],
    ['app --spring.datasource.password=a,b&c', `app --spring.datasource.password=${X}`],
    ['app --PASSWD x', `app --PASSWD ${X}`],
    ['app --auth-token abc', `app --auth-token ${X}`],
    ['app --api-key=abc --verbose', `app --api-key=${X} --verbose`],
    ['app --apikey abc', `app --apikey ${X}`],
    ['app --secret-access-key abc', `app --secret-access-key ${X}`],
    ['app --client_secret abc', `app --client_secret ${X}`],
    ['app --passphrase abc', `app --passphrase ${X}`],
    ['app --pass abc', `app --pass ${X}`],
    ['app --creds bob:abc', `app --creds ${X}`],
    ['app --jwt abc', `app --jwt ${X}`],
    ['app -storepass abc', `app -storepass ${X}`],
    ['app --password -hunter2', `app --password ${X}`],
    ['app --key 3f1c9a7e5b2d4f608192a3b4', `app --key ${X}`],
    ['app --secret-id abc', `app --secret-id ${X}`],
    ['app --client-secret id=hunter2 client_secret=id=hunter2', `app --client-secret ${X} client_secret=${X}`],
    ['app --password1 a --password2=b', `app --password1 ${X} --password2=${X}`],
  ])('%s', (line, expected) => expect(redactedLine(line)).toBe(expected));
});

describe('what stays whole', () => {
  it.each([
    'mkdir -p x/y',
    'app --key-file /etc/key.pem',
    'app --password-file=/run/secrets/db',
    'app --token-ttl 5m --token-type jwt2 --pass-arg=x',
    'app --secret-name db --secretName=db',
    'app color=red key=value',
    'app --key user_id --key=/etc/ssl/key.pem',
    'sort --key=2,2 -t : file',
    'app --password --verbose',
    'app --password -v',
    'app --no-password x --ask-password y --require-token z',
    'app --secret=true --token=none --password=false',
    'docker run -p 8080:80 -e COLOR=red nginx',
    'docker run --name mongo -p 27017:27017 mongo:6',
    'docker login --password-stdin registry.example.com',
    'docker build --secret id=npm,src=.npmrc .',
    'ssh -p 2222 host ls',
    'curl https://example.com:8443/@scope/pkg?page=2',
    'curl -u bob https://example.com',
    'mysql -u root -p customers',
    'curl --constructor x toString y',
    'mysql --password customers',
    'psql --password customers',
    'openssl rsa -in key.pem -passin file:/run/pass -passout env:PASS',
    'env PWD=/srv OLDPWD=/ pwd',
    'env GOOGLE_APPLICATION_CREDENTIALS=/etc/gcp.json gcloud',
    'app --max-tokens 100 max_tokens=100',
    'app --public-key=3f1c9a7e5b2d4f608192a3b4',
    'gcc -I/usr/include/keyutils monkey.c -o compass',
    'tail -f /var/log/auth.log',
    'sudo --askpass ls',
    'docker pull nginx:1.25@sha256:0123456789abcdef0123456789abcdef',
    'cargo test auth::password::hash',
    'npm install react:npm@18',
    'rsync -avz bob@host:/srv/a b',
    'app postgres://bob@db:5432/app redis://cache:6379/0',
    'app AKIA ghp_short eyJ sk-fading-circle-spinner-2',
    'app --auth basic --auth=oidc --auth https://id.example.com --auth=/etc/auth:x',
    'vault kv get -field=user secret/db',
    'app --secretary bob --cookie-jar jar --cookie-domain x --password-hash-algo x',
    'ansible-playbook --private-key /etc/keys/x.pem --private-key=~/.ssh/id_rsa site.yml',
    'sqlplus @/opt/report.sql',
    'curl localhost:8080/@scope/pkg@1',
    'vault login',
    'useradd -s /bin/bash bob',
    'docker exec mysql ssh -p22 h',
    'sshpass -e ssh -p 22 mysql',
    'openssl passwd -6 -in file',
    'openssl passwd -salt abc -stdin',
    'zip -r a.zip b',
    'unzip -p a.zip b',
    'docker run --name=mysql -p3306:3306 mysql:8',
  ])('%s', (line) => expect(redactedLine(line)).toBe(line));
});

describe('programs whose short options hold secrets', () => {
  it.each([
    ['mysql -uroot -phunter2 db', `mysql -uroot -p${X} db`],
    ['/usr/bin/mysqldump -phunter2', `/usr/bin/mysqldump -p${X}`],
    ['mysqladmin -u root password hunter2', `mysqladmin -u root password ${X}`],
    ['sshpass -p hunter2 ssh -p 2222 host', `sshpass -p ${X} ssh -p 2222 host`],
    ['sshpass -phunter2 ssh host', `sshpass -p${X} ssh host`],
    ['mongodump -u bob -p hunter2', `mongodump -u bob -p ${X}`],
    ['redis-cli -a hunter2 ping', `redis-cli -a ${X} ping`],
    ['redis-cli AUTH hunter2', `redis-cli AUTH ${X}`],
    ['redis-cli config set requirepass hunter2', `redis-cli config set requirepass ${X}`],
    ['docker login -u bob -p hunter2 r.io', `docker login -u bob -p ${X} r.io`],
    ['podman login --creds bob:hunter2', `podman login --creds bob:${X}`],
    ['skopeo copy --src-creds bob:hunter2 a b', `skopeo copy --src-creds bob:${X} a b`],
    ['kubectl create secret generic db --from-literal=user=bob', `kubectl create secret generic db --from-literal=user=${X}`],
    ['ldapsearch -D cn=admin -w hunter2 -b dc=x', `ldapsearch -D cn=admin -w ${X} -b dc=x`],
    ['smbclient //srv/share -U bob%hunter2', `smbclient //srv/share -U bob%${X}`],
    ['openssl enc -aes256 -passin pass:hunter2 -k hunter3', `openssl enc -aes256 -passin pass:${X} -k ${X}`],
    ['openssl passwd -6 hunter2', `openssl passwd -6 ${X}`],
    ['zip -P hunter2 a.zip b', `zip -P ${X} a.zip b`],
    ['7z x -phunter2 a.7z', `7z x -p${X} a.7z`],
    ['unrar x -hphunter2 a.rar', `unrar x -hp${X} a.rar`],
    ['ssh-keygen -N hunter2 -f key', `ssh-keygen -N ${X} -f key`],
    ['plink -pw hunter2 host', `plink -pw ${X} host`],
    ['htpasswd -nbB bob hunter2', `htpasswd -nbB bob ${X}`],
    ['nmcli dev wifi connect home password hunter2', `nmcli dev wifi connect home password ${X}`],
    ['xfreerdp /u:bob /p:hunter2 /v:host', `xfreerdp /u:bob /p:${X} /v:host`],
    ['lftp -u bob,hunter2 host', `lftp -u bob,${X} host`],
    ['sqlplus scott/tiger@db', `sqlplus scott/${X}@db`],
    ['rabbitmqctl add_user bob hunter2', `rabbitmqctl add_user bob ${X}`],
    ['aws configure set aws_secret_access_key abc/def', `aws configure set aws_secret_access_key ${X}`],
    ['npm config set //r.io/:_authToken abc', `npm config set //r.io/:_authToken ${X}`],
    ['http -a bob:hunter2 example.com', `http -a bob:${X} example.com`],
    ['useradd -p hash bob', `useradd -p ${X} bob`],
    ['vault login s.abc', `vault login ${X}`],
    ['useradd -m -s /bin/bash -p hash bob', `useradd -m -s /bin/bash -p ${X} bob`],
    ['mysqldump git -phunter2', `mysqldump git -p${X}`],
    ['sudo mysql -h db vault -phunter2', `sudo mysql -h db vault -p${X}`],
    ['mc alias set m http://h AK hunter2', `mc alias set m http://h AK ${X}`],
    ['ipmitool user set password 2 hunter2', `ipmitool user set password 2 ${X}`],
    ['grafana-cli admin reset-admin-password hunter2', `grafana-cli admin reset-admin-password ${X}`],
    ['vault kv put secret/db user=bob', `vault kv put secret/db user=${X}`],
    ['vault operator unseal abc', `vault operator unseal ${X}`],
    ['mysql -sNphunter2 db', `mysql -sNp${X} db`],
    ['ldapsearch -LLLxw hunter2 -b dc=x', `ldapsearch -LLLxw ${X} -b dc=x`],
    ['ldapsearch -xwhunter2', `ldapsearch -xw${X}`],
    ['zip -rP hunter2 a.zip b', `zip -rP ${X} a.zip b`],
    ['unzip -qqP hunter2 a.zip', `unzip -qqP ${X} a.zip`],
    ['useradd -mp hash bob', `useradd -mp ${X} bob`],
    ['ssh-keygen -qN hunter2 -f key', `ssh-keygen -qN ${X} -f key`],
    ['sshpass -vphunter2 ssh host', `sshpass -vp${X} ssh host`],
    ['sshpass -P assword -p hunter2 ssh host', `sshpass -P assword -p ${X} ssh host`],
    ['redis-cli AUTH bob hunter2', `redis-cli AUTH ${X} ${X}`],
    ['redis-cli CONFIG SET masterauth hunter2', `redis-cli CONFIG SET masterauth ${X}`],
    ['redis-server --masterauth hunter2', `redis-server --masterauth ${X}`],
    ['skopeo login -u bob -p hunter2 r.io', `skopeo login -u bob -p ${X} r.io`],
    ['snmpwalk -v2c -chunter2 host', `snmpwalk -v2c -c${X} host`],
    ['nmcli con modify home wifi-sec.psk hunter2', `nmcli con modify home wifi-sec.psk ${X}`],
    ['cqlsh -u bob -phunter2', `cqlsh -u bob -p${X}`],
    ['etcdctl --user root:hunter2 get x', `etcdctl --user root:${X} get x`],
    ['kadmin -p bob -w hunter2 -q x', `kadmin -p bob -w ${X} -q x`],
    ['mkpasswd -m sha-512 hunter2', `mkpasswd -m sha-512 ${X}`],
    ['aws ssm put-parameter --name x --value hunter2', `aws ssm put-parameter --name x --value ${X}`],
    ['app --auth bob:hunter2', `app --auth bob:${X}`],
    ['app --basic-auth=bob:hunter2', `app --basic-auth=bob:${X}`],
  ])('%s', (line, expected) => expect(redactedLine(line)).toBe(expected));

  it.each([
    ['sudo -u mysql mysql -phunter2', `sudo -u mysql mysql -p${X}`],
    ['docker exec -it db mysql -uroot -phunter2', `docker exec -it db mysql -uroot -p${X}`],
    ['timeout 5 env A=b sshpass -p hunter2 ssh h mysql -phunter3', `timeout 5 env A=b sshpass -p ${X} ssh h mysql -p${X}`],
    ['sudo http -a bob:hunter2 x', `sudo http -a bob:${X} x`],
    ['grep http -a file', 'grep http -a file'],
  ])('are found behind others: %s', (line, expected) => expect(redactedLine(line)).toBe(expected));

  it('are found in the value of an option, as one argument', () => {
    expect(redacted(['rsync', '--rsh=sshpass -p hunter2 ssh -p 22', 'a', 'b'])).toEqual([
      'rsync',
      `--rsh=sshpass -p ${X} ssh -p 22`,
      'a',
      'b',
    ]);
    expect(redacted(['ssh', '-oProxyCommand=sshpass -p hunter2 ssh x', 'h'])).toEqual(['ssh', `-oProxyCommand=sshpass -p ${X} ssh x`, 'h']);
  });

  it('are known by the file that runs, not by what they call themselves', () => {
    expect(redacted(['backup', '-phunter2'], '/usr/bin/mysqldump')).toEqual(['backup', `-p${X}`]);
    expect(redacted(['mysql', '-phunter2'], '/bin/busybox')).toEqual(['mysql', `-p${X}`]);
    expect(redacted(['', '-phunter2'], '/usr/bin/mysql')).toEqual(['', `-p${X}`]);
  });
});

describe('curl', () => {
  it.each([
    ['curl -u bob:hunter2 x', `curl -u bob:${X} x`],
    ['curl -ubob:hunter2 x', `curl -ubob:${X} x`],
    ['curl -sSLu bob:hunter2 x', `curl -sSLu bob:${X} x`],
    ['curl --user bob:hunter2 x', `curl --user bob:${X} x`],
    ['curl --user=bob:hunter2 x', `curl --user=bob:${X} x`],
    ['curl --proxy-user bob:hunter2 x', `curl --proxy-user bob:${X} x`],
    ['curl -u token123: x', `curl -u ${X}: x`],
    ['curl -E cert.pem:hunter2 x', `curl -E cert.pem:${X} x`],
    ['curl -b sid=abc x', `curl -b ${X} x`],
    ['curl -b jar.txt x', 'curl -b jar.txt x'],
    ['curl --oauth2-bearer abc x', `curl --oauth2-bearer ${X} x`],
    ['curl bob:hunter2@example.com/x', `curl bob:${X}@example.com/x`],
    ['curl -d user=bob&password=a&b=1 x', `curl -d user=bob&password=${X}&b=1 x`],
  ])('%s', (line, expected) => expect(redactedLine(line)).toBe(expected));

  it.each([
    ['Authorization: Bearer abc.def', `Authorization: Bearer ${X}`],
    ['authorization: Basic Ym9iOng=', `authorization: Basic ${X}`],
    ['Authorization: abc def', `Authorization: ${X}`],
    ['Proxy-Authorization: Digest username="bob", response="a b"', `Proxy-Authorization: Digest ${X}`],
    ['X-Api-Key: abc', `X-Api-Key: ${X}`],
    ['PRIVATE-TOKEN: abc', `PRIVATE-TOKEN: ${X}`],
    ['Cookie: sid=abc; theme=dark', `Cookie: ${X}`],
    ['Accept: text/html', 'Accept: text/html'],
    ['Content-Type: application/json', 'Content-Type: application/json'],
  ])('header %s', (header, expected) => {
    expect(redacted(['curl', '-H', header])).toEqual(['curl', '-H', expected]);
    expect(redacted(['curl', `-H${header}`])).toEqual(['curl', `-H${expected}`]);
    expect(redacted(['wget', `--header=${header}`])).toEqual(['wget', `--header=${expected}`]);
  });
});
