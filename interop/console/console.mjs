// The pages for administrators, part by part, on one server.
//
// DATA=... POST=... DNS=PORT PARTS="pages outside keyboard" node console.mjs MUSTER_URL PROVIDER_URL PROVIDER_URL

import { readdirSync, readFileSync } from 'node:fs';
import { Report } from '../person.mjs';
import { start } from '../browser/visitor.mjs';
import { Clerk } from './clerk.mjs';
import { publish } from './dns.mjs';
import { seed } from './seed.mjs';

const PARTS = ['pages', 'outside', 'jobs', 'script', 'keyboard', 'pictures'];
const [url, ...providers] = process.argv.slice(2);
const wanted = process.env.PARTS.split(/[\s,]+/);
if (wanted.some((p) => !PARTS.includes(p))) throw new Error(`parts are ${PARTS.join(', ')}`);
if (wanted.includes('jobs') && wanted.includes('script')) throw new Error('jobs and script are each for a server on which nobody has done them');
const chromium = await start();
const world = {
  url, chromium,
  // Logins that two companies have of their own.
  providers,
  report: new Report('console'),

  // The newest letter to somebody that says this, if it has come.
  letter: (to, says = /./) => readdirSync(process.env.POST).filter((f) => f.endsWith('.json')).sort((a, b) => parseInt(b, 10) - parseInt(a, 10))
    .map((f) => JSON.parse(readFileSync(`${process.env.POST}/${f}`, 'utf8'))).find((l) => l.to[0] === to && says.test(`${l.headers.subject}\n${l.text}`)),
};

let fault;
try {
  const began = Date.now();
  await publish();
  await seed(world);
  const ada = await Clerk.ada(world);
  world.state = await ada.context.storageState();
  await ada.leave();
  console.log(`a server with something of everything: ${Date.now() - began} ms`);
  for (const part of PARTS.filter((p) => wanted.includes(p))) {
    console.log(`-- ${part}`);
    const since = Date.now();
    await (await import(`./${part}.mjs`)).run(world);
    console.log(`${part}: ${Math.round((Date.now() - since) / 1000)} s`);
  }
} catch (e) { fault = e; }
await chromium.close();
if (fault) {
  console.log(`FAIL ${fault.stack}`);
  process.exit(1);
}
world.report.end();
