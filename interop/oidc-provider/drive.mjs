// A person's browser, driven through sign-ins from Muster to the provider and back, and what must come of each.
//
// node drive.mjs MUSTER_URL TENANT PROVIDER_URL

import { Browser } from '../person.mjs';

const [muster, tenant, provider] = process.argv.slice(2);

async function signIn(person, browser = new Browser()) {
  const ways = await browser.go(`${muster}/signin?tenant=${tenant}`);
  const there = await browser.submit(ways, '/federation/start');
  if (!there.url.startsWith(provider)) throw new Error(`not at the provider: ${there.url} ${there.html}`);
  let page = await browser.submit(there, '/interaction/', { person });
  // Sent back for a stronger proof, the person signs in once more.
  for (page.stepUps = 0; page.url.startsWith(provider) && page.stepUps < 5;) {
    const { stepUps } = page;
    page = await browser.submit(page, '/interaction/', { person });
    page.stepUps = stepUps + 1;
  }
  return page;
}

let failed = 0;
function check(what, page, ok) {
  const seen = page.html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').slice(0, 300);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : `: ${page.status} ${page.url} ${seen}`}`);
  failed += ok ? 0 : 1;
}

async function entered(what, person, name, stepUps = 0) {
  const page = await signIn(person);
  const inside = page.status === 200 && page.url === `${muster}/me` && page.html.includes(name);
  check(what, page, inside && page.stepUps === stepUps);
}

async function refused(what, person, why = /second factor/, stepUps = 1) {
  const browser = new Browser();
  const page = await signIn(person, browser);
  const place = new URL(page.url).pathname;
  const reference = /id="reference"[^>]*>([^<]+)</.exec(page.html)?.[1];
  const told = why.test(page.html) && place.endsWith(`/refused/${reference}`);
  check(what, page, page.status === 403 && told && page.stepUps === stepUps);
  const session = await browser.go(`${muster}/me`);
  check(`${what}: no session`, session, new URL(session.url).pathname !== '/me' || session.status !== 200);
}

async function rotate() {
  const answer = await fetch(`${provider}/rotate`, { method: 'POST' });
  console.log(`     the provider signs with a new key, ${await answer.text()}`);
}

await entered('amr says mfa: in', 'adele', 'Adele Vance');
await refused('amr says only pwd: asked for more once, then refused with the reason and a reference', 'boris');
await entered('no second factor at first, and one when it is asked for: in after one step-up', 'greta', 'Greta Holm', 1);
await entered('acr names a second factor: in', 'clara', 'Clara Lind');
await refused('acr names a password only: refused', 'david');
await rotate();
await entered('the provider has new keys: in', 'adele', 'Adele Vance');
await refused('new keys prove no second factor: refused', 'boris');
await refused('somebody the directory never provisioned: refused', 'erika', /nobody has given you an account/, 0);

console.log(`${failed ? 'FAILED' : 'all as it must be'}`);
process.exit(failed ? 1 : 0);
