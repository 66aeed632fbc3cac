// The whole way of a person, chapter by chapter, each in the world that the one before left.
//
// PORT=... DATA=... POST=... LOG=... node way.mjs MUSTER_URL DIRECTORY_URL

import { readdirSync, readFileSync } from 'node:fs';
import { Report, until } from '../person.mjs';
import { application } from './application.mjs';
import { companies } from './companies.mjs';
import { elevation } from './elevation.mjs';
import { invitation } from './invitation.mjs';
import { passkey } from './passkey.mjs';
import { setup } from './setup.mjs';
import { start } from './visitor.mjs';

const [url, directory] = process.argv.slice(2);
const chromium = await start();
const world = {
  url, directory, chromium,
  report: new Report('browser'),
  home: `http://127.0.0.1:${process.env.PORT}`,

  // What the server printed for its owner.
  log: () => readFileSync(process.env.LOG, 'utf8'),

  // The `which`-th letter to somebody, when it has come.
  letter: (to, which = 1) => until(`letter ${which} to ${to}`, () => {
    const all = readdirSync(process.env.POST).filter((f) => f.endsWith('.json')).sort((a, b) => parseInt(a, 10) - parseInt(b, 10))
      .map((f) => JSON.parse(readFileSync(`${process.env.POST}/${f}`, 'utf8'))).filter((l) => l.to[0] === to);
    return all[which - 1];
  }),
};

let fault;
try {
  await setup(world);
  await passkey(world);
  await invitation(world);
  await companies(world);
  await elevation(world);
  await application(world);
} catch (e) { fault = e; }
await chromium.close();
if (fault) {
  console.log(`FAIL ${fault.stack}`);
  process.exit(1);
}
world.report.end();
