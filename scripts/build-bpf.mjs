import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/*
 * Compiles the BPF programs. It takes clang, llvm-strip and the headers of libbpf (Debian: apt install clang llvm libbpf-dev), which nobody needs who does not change the
 * programs: the object is kept in the repository, with a note of what it was made of and by which compiler.
 *
 *   node scripts/build-bpf.mjs           compiles
 *   node scripts/build-bpf.mjs --check   fails (1) unless the object is the one of the note, and the note that of the sources
 *   node scripts/build-bpf.mjs --again   fails (1) unless compiling gives the same object; 69 without the compiler of the note
 */
const FOLDER = resolve(import.meta.dirname, '../src/ingest/capture/bpf');
const SOURCE = 'capture.bpf.c';
const OBJECT = 'capture.bpf.o';
const NOTE = 'capture.bpf.json';
/** One object for all machines: fields of the kernel are found when it is loaded. BPF of Linux 5.8 knows version 3 of its instructions. */
const FLAGS = ['-target', 'bpf', '-mcpu=v3', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-fdebug-compilation-dir', '.'];

/**
 * @typedef {object} Note
 * @property {string} sources SHA-256 over names and contents of all C files
 * @property {string} object SHA-256 of the object
 * @property {string} compiler first line of `clang --version`
 */

/** @param {string | Buffer} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function sourcesHash() {
  const hash = createHash('sha256');
  for (const name of readdirSync(FOLDER).toSorted()) {
    if (/\.[ch]$/.test(name))
      hash
        .update(`${name}\0`)
        .update(readFileSync(join(FOLDER, name)))
        .update('\0');
  }
  return hash.digest('hex');
}

/** @returns {Note} */
function readNote() {
  return JSON.parse(readFileSync(join(FOLDER, NOTE), 'utf8'));
}

function readObject() {
  return readFileSync(join(FOLDER, OBJECT));
}

/** First line of what the compiler says of itself; undefined where there is none, or not all that it takes. */
function compiler() {
  try {
    execFileSync('llvm-strip', ['--version'], { stdio: 'ignore' });
    execFileSync('clang', ['-target', 'bpf', '-E', '-include', 'bpf/bpf_helper_defs.h', '-x', 'c', '/dev/null'], { stdio: 'ignore' });
    return execFileSync('clang', ['--version'], { encoding: 'utf8' }).split('\n', 1)[0] ?? '';
  } catch {
    return undefined; // not installed
  }
}

/** @returns {Buffer} the object, without the debugger's information (which names folders); that of BPF stays */
function compile() {
  const folder = mkdtempSync(join(tmpdir(), 'forkcast-bpf-'));
  try {
    const object = join(folder, OBJECT);
    execFileSync('clang', [...FLAGS, '-c', SOURCE, '-o', object], { cwd: FOLDER, stdio: 'inherit' });
    execFileSync('llvm-strip', ['-g', object], { stdio: 'inherit' });
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} message
 * @param {number} code
 */
function end(message, code) {
  (code === 0 ? process.stdout : process.stderr).write(`build-bpf: ${message}\n`);
  process.exitCode = code;
}

function build() {
  const by = compiler();
  if (by === undefined) return end('clang, llvm-strip or the headers of libbpf are missing. Debian: apt install clang llvm libbpf-dev', 69);
  const object = compile();
  /** @type {Note} */
  const note = { sources: sourcesHash(), object: sha256(object), compiler: by };
  writeFileSync(join(FOLDER, OBJECT), object);
  writeFileSync(join(FOLDER, NOTE), `${JSON.stringify(note, null, 2)}\n`);
  return end(`${OBJECT}, ${object.length} bytes, by ${by}`, 0);
}

function check() {
  const note = readNote();
  if (note.sources !== sourcesHash()) return end(`the sources are not those of ${OBJECT}. Run node scripts/build-bpf.mjs`, 1);
  if (note.object !== sha256(readObject())) return end(`${OBJECT} is not the one that was built. Run node scripts/build-bpf.mjs`, 1);
  return end(`${OBJECT} is that of its sources`, 0);
}

function again() {
  const by = compiler();
  const note = readNote();
  if (by !== note.compiler) return end(`another compiler (${by ?? 'none'}) than ${note.compiler} makes another object`, 69);
  return note.object === sha256(compile()) ? end(`${OBJECT} is what ${by} makes`, 0) : end(`${by} makes another ${OBJECT}`, 1);
}

const command = process.argv[2];
if (command === '--check') check();
else if (command === '--again') again();
else build();
