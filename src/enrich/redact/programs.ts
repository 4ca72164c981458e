/**
 * Programs whose short options, or whose words, hold secrets: what `-p` means only its program knows. Options with a telling name
 * (`--password`, `--db-token`) need no line here. A program is found by its name wherever it stands, so that it is found behind `sudo`,
 * `docker exec` and whatever else runs others.
 */
import {
  ASSIGNED,
  COOKIES,
  FILE_PASSWORD,
  NOTHING,
  OTHER,
  PASS_PREFIX,
  TOKEN_OR_USER_PASSWORD,
  USER_COMMA_PASSWORD,
  USER_PASSWORD,
  USER_PASSWORD_AT_HOST,
  USER_PERCENT_PASSWORD,
  USER_SLASH_PASSWORD,
  WHOLE,
} from './form.ts';
import type { Form } from './form.ts';

type Table<T> = Readonly<Record<string, T>>;

/** A word of a command line may be that of something which every object inherits. */
export function entryOf<T>(table: Table<T> | undefined, word: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}

export interface Program {
  /** Short options with the secret in the same argument: `-pSECRET`. */
  readonly attached?: string;
  /** Short options with the secret in the next one: `-p SECRET`. */
  readonly next?: string;
  /** Short options with something else in the next one, which is no word of the program's. */
  readonly skip?: string;
  /** What is in them, where it is not a secret alone. */
  readonly forms?: Table<Form>;
  /** Short options without a value, which may stand before another one in the same argument: `-sSu`. */
  readonly flags?: string;
  /** Long options, without their dashes. */
  readonly long?: Table<Form>;
  /** Beginnings of arguments of which the rest is a secret. */
  readonly prefixes?: readonly string[];
  /** Words, and how many words after them the secret stands. */
  readonly after?: Table<number>;
  /** What stands behind those may be two words, a user's name and the secret: `AUTH bob SECRET`. */
  readonly twice?: true;
  /** Its options and words mean a secret only behind this word. */
  readonly needs?: string;
  /** Any argument that is no option. */
  readonly word?: Form;
  /** The last argument is a secret where this stands before it: a letter for a short option, else a word. */
  readonly last?: string;
  /** Behind this word it names a setting in one word and its value in the next: `config set auth_token SECRET`. */
  readonly settings?: string;
  /** Its options end with the first word that is none: what it runs begins there, or behind it. */
  readonly runs?: true;
  /** A shell reads the argument behind its `-c`, or all that it runs. */
  readonly shell?: true;
  /** Its name is a common word: it is a program only where a command begins. */
  readonly direct?: true;
}

const NO_ARGUMENT = { password: NOTHING };
/** Of ldapsearch and its like. */
const LDAP_FLAGS = 'xLZvnAtuCcMrIQN';
/** Of the client and of what dumps. */
const MYSQL_FLAGS = 'ABCEfHinNqstvVXFYRcGbKLa';

const TABLE: readonly (readonly [names: string, program: Program])[] = [
  [
    'mysql mysqldump mysqlimport mysqlshow mysqlcheck mysqlbinlog mysqlpump mysqlslap mysqlsh mysql_upgrade mariadb mariadb-dump mariadb-import ' +
      'mariadb-show mariadb-check mariadb-binlog mariadb-backup mariabackup xtrabackup mytop mydumper myloader',
    { attached: 'p', flags: MYSQL_FLAGS, long: NO_ARGUMENT },
  ],
  ['mysqladmin mariadb-admin', { attached: 'p', flags: MYSQL_FLAGS, long: NO_ARGUMENT, after: { password: 1 } }],
  ['psql pg_dump pg_dumpall pg_restore createdb dropdb createuser pg_basebackup vacuumdb reindexdb pgbench', { long: NO_ARGUMENT }],
  ['mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop mongofiles', { attached: 'p', next: 'p' }],
  [
    'redis-cli valkey-cli keydb-cli redis-benchmark',
    { next: 'a', after: { auth: 1, AUTH: 1, AUTH2: 1, requirepass: 1, masterauth: 1 }, twice: true, settings: 'set' },
  ],
  ['redis-server valkey-server', { long: { masterauth: WHOLE } }],
  ['sshpass', { attached: 'p', next: 'p', flags: 'v', skip: 'Pfd', runs: true }],
  ['sqlcmd bcp isql osql tsql', { attached: 'P', next: 'P' }],
  ['sqlplus sqlldr rman expdp impdp', { word: USER_SLASH_PASSWORD }],
  ['cqlsh cypher-shell couchbase-cli hdbsql rabbitmqadmin rdesktop ncftp ncftpget ncftpput ncftpls', { attached: 'p', next: 'p' }],
  ['evil-winrm crackmapexec netexec nxc hydra smbmap twine testsaslauthd', { next: 'p' }],
  ['yt-dlp youtube-dl doveadm enum4linux bloodhound-python', { next: 'p' }],
  ['ttyd gotty', { next: 'c', forms: { c: USER_PASSWORD } }],
  ['doctl', { next: 't' }],
  ['grafana-cli', { last: 'reset-admin-password' }],
  ['bw', { after: { unlock: 1 } }],
  ['mc mcli', { after: { set: 4, host: 5 }, direct: true }],
  ['swaks', { long: { ap: WHOLE } }],
  ['sendemail', { long: { xp: WHOLE } }],
  ['pppd', { after: { password: 1 } }],
  ['iscsiadm', { next: 'v', long: { value: WHOLE } }],
  ['p4', { attached: 'P', next: 'P' }],
  ['kadmin', { next: 'w', attached: 'w' }],
  ['slappasswd', { next: 's', attached: 's' }],
  ['mkpasswd', { word: WHOLE, skip: 'mSRPlcdCs' }],
  ['etcdctl', { long: { user: USER_PASSWORD } }],
  ['ctr', { next: 'u', forms: { u: USER_PASSWORD }, long: { user: USER_PASSWORD } }],
  ['transmission-remote', { next: 'n', forms: { n: USER_PASSWORD } }],
  ['ngrok', { after: { authtoken: 1, 'add-authtoken': 1 } }],
  ['neo4j-admin', { after: { 'set-initial-password': 1 } }],
  ['cargo', { after: { login: 1 } }],
  ['gh', { next: 'b', attached: 'b', needs: 'secret' }],
  ['rabbitmqctl', { after: { add_user: 2, change_password: 2, authenticate_user: 2 } }],
  [
    'curl',
    {
      attached: 'uUEb',
      next: 'uUEb',
      forms: { u: USER_PASSWORD, U: USER_PASSWORD, E: FILE_PASSWORD, b: COOKIES },
      flags: 'sSLkvifIgjGnNOJRqa#0123456ZVM',
      long: { user: USER_PASSWORD, 'proxy-user': USER_PASSWORD, cert: FILE_PASSWORD, 'proxy-cert': FILE_PASSWORD, cookie: COOKIES },
      word: USER_PASSWORD_AT_HOST,
    },
  ],
  ['wget lynx w3m', { word: USER_PASSWORD_AT_HOST }],
  ['http https xh xhs', { next: 'a', forms: { a: TOKEN_OR_USER_PASSWORD }, long: { auth: TOKEN_OR_USER_PASSWORD }, direct: true }],
  ['lftp', { next: 'u', forms: { u: USER_COMMA_PASSWORD }, long: { user: USER_COMMA_PASSWORD } }],
  [
    'docker podman nerdctl buildah helm oc cf argocd regctl crane oras',
    { attached: 'p', next: 'p', needs: 'login', long: { creds: USER_PASSWORD } },
  ],
  ['az', { attached: 'p', next: 'p', needs: 'login', long: { value: WHOLE } }],
  ['crictl', { long: { creds: USER_PASSWORD, auth: WHOLE } }],
  [
    'skopeo',
    { attached: 'p', next: 'p', needs: 'login', long: { creds: USER_PASSWORD, 'src-creds': USER_PASSWORD, 'dest-creds': USER_PASSWORD } },
  ],
  ['kubectl', { long: { 'from-literal': ASSIGNED } }],
  ['vault', { after: { login: 1, unseal: 1 }, needs: 'put', word: ASSIGNED }],
  ['ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldapcompare ldapmodrdn ldapexop', { attached: 'w', next: 'w', flags: LDAP_FLAGS }],
  ['ldappasswd', { attached: 'was', next: 'was', flags: LDAP_FLAGS }],
  [
    'smbclient rpcclient smbget smbcacls smbtree winexe wmic',
    { attached: 'U', next: 'U', forms: { U: USER_PERCENT_PASSWORD }, long: { user: USER_PERCENT_PASSWORD } },
  ],
  ['net', { attached: 'U', next: 'U', forms: { U: USER_PERCENT_PASSWORD }, direct: true }],
  [
    'openssl',
    {
      long: {
        passin: PASS_PREFIX,
        passout: PASS_PREFIX,
        pass: PASS_PREFIX,
        password: PASS_PREFIX,
        in: OTHER,
        salt: OTHER,
        k: WHOLE,
        K: WHOLE,
        hmac: WHOLE,
        macopt: WHOLE,
      },
      last: 'passwd',
    },
  ],
  ['zip unzip zipcloak funzip', { attached: 'P', next: 'P', flags: 'rjq0123456789eymTuvoXnCLlDfFAgkSapMtz' }],
  ['7z 7za 7zr 7zz', { prefixes: ['-p'] }],
  ['rar unrar', { prefixes: ['-p', '-hp'] }],
  ['ssh-keygen', { attached: 'NP', next: 'NP', flags: 'qpyceilBvAhHLokuQ' }],
  ['plink pscp psftp putty', { long: { pw: WHOLE } }],
  ['htpasswd', { last: 'b', flags: 'bcimBdspDnv25' }],
  ['useradd usermod adduser groupadd groupmod', { next: 'p', attached: 'p', flags: 'mMrNUDoaL' }],
  [
    'nmcli',
    { after: { password: 1, psk: 1, 'wifi-sec.psk': 1, '802-11-wireless-security.psk': 1, '802-1x.password': 1, 'vpn.secrets': 1 } },
  ],
  ['iwconfig', { after: { key: 1, enc: 1 } }],
  ['wpa_passphrase', { last: '' }],
  ['ipmitool', { next: 'P', attached: 'P', after: { password: 2 } }],
  ['mosquitto_pub mosquitto_sub mosquitto_rr', { next: 'P' }],
  ['snmpget snmpwalk snmpset snmpbulkwalk snmpbulkget snmpgetnext snmptrap', { next: 'cAX', attached: 'cAX' }],
  ['pkcs11-tool pkcs15-tool pkcs15-init pkcs15-crypt', { next: 'p', long: { pin: WHOLE, 'so-pin': WHOLE, 'new-pin': WHOLE, puk: WHOLE } }],
  ['xfreerdp wlfreerdp', { prefixes: ['/p:', '/pth:', '/gp:'] }],
  ['aws', { settings: 'configure', long: { value: WHOLE } }],
  ['npm yarn pnpm git pip poetry pulumi composer', { settings: 'config' }],
];

/** Nothing in their own arguments is a secret, but others' begin in them. */
const RUNNERS: readonly (readonly [names: string, program: Program])[] = [
  ['ssh mosh', { runs: true, shell: true }],
  ['scp sftp rsync', {}],
  ['sh bash dash ash zsh ksh mksh fish su runuser', { shell: true }],
];

export const PROGRAMS: ReadonlyMap<string, Program> = new Map(
  [...TABLE, ...RUNNERS].flatMap(([names, program]) => names.split(' ').map((name): [string, Program] => [name, program])),
);

/** For the filter that goes first (stems.ts). Names too short for it are found as the program that runs, not behind another. */
export const PROGRAM_NAMES: readonly string[] = TABLE.flatMap(([names]) => names.split(' ').filter((name) => name.length >= 3));
