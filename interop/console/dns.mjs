// A real DNS server (dnsmasq) of this machine alone, which publishes what a company is told to publish. It knows all of
// .example: what is not there does not exist.

import { execFileSync, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { until } from '../person.mjs';

let running;

const listens = (port) => new Promise((done) => {
  const socket = connect(port, '127.0.0.1');
  socket.on('connect', () => { socket.destroy(); done(true); });
  socket.on('error', () => done(false));
});

async function down() {
  if (!running) return;
  const ended = new Promise((done) => { running.once('exit', done); });
  running.kill();
  await ended;
  running = undefined;
}

// From now on these records are published, and nothing else: each a name and a text.
export async function publish(...records) {
  await down();
  const port = process.env.DNS;
  running = spawn('dnsmasq', ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--local=/example/',
    `--user=${userInfo().username}`, `--group=${execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()}`, '--pid-file',
    '--listen-address=127.0.0.1', '--bind-interfaces', `--port=${port}`, ...records.map(([name, text]) => `--txt-record=${name},${text}`)],
  { stdio: 'ignore', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  await until('the DNS server', () => listens(port));
}

process.on('exit', () => running?.kill());
