// Plays a document: `node play.mjs NAME` runs the blocks marked `sh` of docs/NAME.md in one shell, in their order, and
// compares what each prints with the block that follows it, where `...` stands for anything. A block marked `js` is an
// application; people sign in to it and out of it.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Browser, Report, until } from '../person.mjs';
import { enter } from './enter.mjs';

const { APP, ISSUER, DATA, PLAY } = process.env;
const name = process.argv[2];
const report = new Report(`docs/${name}.md`);
const text = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');

// The fenced blocks, each with its line and with the answer that stands right behind it.
const fences = [...text.matchAll(/^```(\w+)\n(.*?)^```\n/gms)].map(([whole, lang, body], i, all) => ({
  lang, body, line: text.slice(0, all[i].index).split('\n').length, end: all[i].index + whole.length, start: all[i].index,
}));
const commands = fences.filter((f) => f.lang === 'sh').map((f) => ({
  ...f, answer: fences.find((a) => a.start === f.end && ['text', 'json'].includes(a.lang))?.body,
}));

function shell() {
  mkdirSync(`${PLAY}/${name}`);
  const script = ['set -euo pipefail', `cd ${PLAY}/${name}`, `issuer=${ISSUER} app=${APP} data=${DATA}`,
    `muster() { case " $* " in *" --server "*) "$MUSTER" "$@";; *) "$MUSTER" --data-dir ${DATA} "$@";; esac; }`,
    // Where a document has its reader sign in and paste an address, a person does.
    `read() { printf -v "\${!#}" %s "$(${process.execPath} ${import.meta.dirname}/enter.mjs "$url")"; }`,
    ...commands.map(({ body }, i) => `exec >${PLAY}/${name}.${i}\n${body}`)];
  writeFileSync(`${PLAY}/${name}.sh`, script.join('\n'));
  const done = spawnSync('bash', [`${PLAY}/${name}.sh`], { encoding: 'utf8', timeout: 120000 });
  let reached = true;
  commands.forEach(({ line, answer }, i) => {
    let printed;
    try { printed = readFileSync(`${PLAY}/${name}.${i}`, 'utf8').trim(); } catch { printed = undefined; }
    if (printed === undefined) {
      if (reached) report.check(`line ${line} runs`, false, `not reached: ${done.stderr}`);
      reached = false;
    } else if (answer !== undefined) {
      const wanted = answer.trim().split('...').map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
      report.check(`line ${line} prints what is written`, new RegExp(`^${wanted}$`, 's').test(printed), printed);
    } else {
      report.check(`line ${line} runs`, done.status === 0 || i + 1 < commands.length, done.stderr);
    }
  });
  report.check('the shell reaches the end', done.status === 0, done.stderr);
}

// The application of the document: in, out here, and out elsewhere.
async function application({ body }) {
  writeFileSync(`${PLAY}/application.mjs`, body);
  const made = JSON.parse(readFileSync(`${PLAY}/${name}/wiki.json`, 'utf8'));
  const child = spawn(process.execPath, [`${PLAY}/application.mjs`], {
    env: { ...process.env, CLIENT_ID: made.client_id, CLIENT_SECRET: made.client_secret }, stdio: 'inherit',
  });
  process.on('exit', () => child.kill());
  await until('the application', () => fetch(APP).then((a) => a.ok, () => false));
  const browser = new Browser();
  const said = async () => (await browser.go(`${APP}/`)).html;
  await enter(browser, `${APP}/login`, 'berta');
  report.check('the application knows who signed in', /^Hello berta of [0-9a-f-]{36}$/.test(await said()), await said());
  const out = await browser.go(`${APP}/logout`);
  report.check('signed out there, the browser comes back to it',
    out.url.startsWith(`${APP}/`) && out.html === 'Nobody is signed in', `${out.url} ${out.html}`);
  const again = await browser.go(`${APP}/login`);
  report.check('and Muster asks who it is', again.url.startsWith(ISSUER), again.url);

  await enter(browser, `${APP}/login`, 'carla');
  report.check('somebody else signs in', (await said()).startsWith('Hello carla'), await said());
  await browser.submit(await browser.go(`${ISSUER}/me`), 'signout');
  await until('the logout token', async () => (await said()) === 'Nobody is signed in');
  report.check('signed out at Muster, the application hears of it', true);
}

shell();
for (const fence of fences.filter((f) => f.lang === 'js')) await application(fence);
report.end();
