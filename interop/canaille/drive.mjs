// A person's browser between Muster and Canaille: in with a password and a consent, out on either side, and what is refused,
// with what the record says of it.
//
// DATA=... node drive.mjs MUSTER_URL CANAILLE_URL

import { Application } from '../application.mjs';
import { Browser, Report, muster, words } from '../person.mjs';

const [url, canaille] = process.argv.slice(2);
const report = new Report('canaille');

// From a page of Muster's with the ways in, through whatever Canaille asks, to where it stops. `page.asked` is what that was.
async function through(browser, ways, person, { password = `${person}-canaille-password`, consent = 'accept', times = 8 } = {}) {
  let page = await browser.submit(ways, '/federation/start');
  const asked = [];
  while (page.url.startsWith(canaille) && asked.length < times) {
    if (page.html.includes('name="login"')) {
      asked.push('name');
      page = await browser.submit(page, 'answer', { login: person });
    } else if (page.html.includes('name="password"')) {
      asked.push('password');
      page = await browser.submit(page, 'submit', { password });
    } else if (page.html.includes('value="accept"')) {
      asked.push('consent');
      page = await browser.submit(page, consent);
    } else {
      throw new Error(`what is asked here? ${page.status} ${page.url} ${words(page.html)}`);
    }
  }
  return { ...page, asked: asked.join(', ') };
}

const begin = (browser, tenant = 'contoso') => browser.go(`${url}/signin?tenant=${tenant}`);

// The record of a refusal, if the page is one.
function recorded(page, tenant = 'contoso') {
  const reference = /id="reference"[^>]*>([^<]+)</.exec(page.html)?.[1];
  return reference && muster('signins', 'show', tenant, reference);
}

const seen = (page) => `${page.status} ${page.url} asked: ${page.asked} ${words(page.html)} ${JSON.stringify(recorded(page))}`;

async function refused(what, page, tenant, reason, fits) {
  const record = recorded(page, tenant);
  report.check(`${what}: ${reason}`, page.status === 403 && record?.reason === reason && fits(record.detail),
    `${page.status} ${page.url} ${words(page.html)} ${JSON.stringify(record)}`);
  return record;
}

const wiki = await Application.make(url, 'contoso', 'Wiki');

// In, and out here; at first without her consent.
const browser = new Browser();
let page = await through(browser, await begin(browser), 'adele', { consent: 'deny' });
await refused('she does not consent', page, 'contoso', 'idp_error', (d) => /access_denied/.test(d.why));
browser.jars = {};
page = await through(browser, await begin(browser), 'adele');
report.check('name, password and consent: in', page.url === `${url}/me` && page.asked === 'name, password, consent', seen(page));
let given = await wiki.tokens(browser);
report.check('an application gets tokens, which are active', await wiki.active(given), JSON.stringify(given));
page = await browser.submit(await browser.go(`${url}/me`), '/me/signout');
report.check('she signs out here', page.status === 200, seen(page));
const me = await browser.send(`${url}/me`);
report.check('the session is over', me.status === 303, me.status);
const refresh = await wiki.refresh(given);
report.check('so are refresh and access token', refresh.error === 'invalid_grant' && !await wiki.active(given), JSON.stringify(refresh));

// Her session there goes on: nothing is asked, unless a fresh proof is demanded. (Not one of this very moment: to a
// `max_age` of 0 Canaille asks for the password for ever.)
page = await through(browser, await begin(browser), 'adele');
report.check('signed in there, she comes in again without a question', page.url === `${url}/me` && page.asked === '', seen(page));
await new Promise((done) => { setTimeout(done, 6000); });
const before = Math.floor(Date.now() / 1000);
const ways = await wiki.ask(browser, { tenant: 'contoso', max_age: '4' });
page = await through(browser, ways, 'adele');
given = await wiki.tokens(browser, page);
const claims = JSON.parse(Buffer.from(given.id_token.split('.')[1], 'base64url'));
report.check('an application demands a fresh proof: the password is asked for, and its time is told',
  page.asked === 'password' && claims.auth_time >= before, `${seen(page)} ${JSON.stringify(claims)}`);

// Out there: it tells nobody, so she stays signed in here, and nobody comes in through it without the password.
await browser.go(`${canaille}/logout`);
const still = await browser.send(`${url}/me`);
report.check('she signs out there, and it says nothing: the session here goes on', still.status === 200, still.status);
page = await browser.submit(await browser.go(`${url}/me`), '/me/signout');
page = await through(browser, await begin(browser), 'adele');
report.check('signed out on both sides, she is asked again', page.url === `${url}/me` && /password/.test(page.asked), seen(page));

// Refused.
let other = new Browser();
page = await through(other, await begin(other), 'adele', { password: 'wrong', times: 3 });
report.check('a wrong password there: she does not leave it', page.url.startsWith(canaille), seen(page));
other = new Browser();
page = await through(other, await begin(other), 'adele', { consent: 'deny' });
report.check('a consent that was given once is not asked for again', page.url === `${url}/me` && !/consent/.test(page.asked), seen(page));
other = new Browser();
page = await through(other, await begin(other), 'boris');
// Told that a proof of this moment is wanted (max_age=0), Canaille takes no proof for one: it asks for ever.
report.check('a password alone, where two factors are demanded: she is asked for another, and does not come in',
  page.url.startsWith(canaille) && (await other.go(`${url}/api/v1/me`)).status === 401, seen(page));
other = new Browser();
page = await through(other, await begin(other), 'erika');
await refused('nobody brought her', page, 'contoso', 'identity_unknown_jit_off', (d) => d.seen.subject === 'erika');
other = new Browser();
page = await through(other, await begin(other, 'fabrikam'), 'adele');
const record = await refused('the wrong client secret', page, 'fabrikam', 'code_refused', (d) => /invalid_client/.test(d.why));
report.check('the record says what to do, and not the secret',
  /secret/.test(record?.next) && !JSON.stringify(record).includes('not-the-secret'), JSON.stringify(record));
other = new Browser();
page = await through(other, await begin(other, 'northwind'), 'adele');
await refused('for an application without a set algorithm it takes the strongest, which we do not', page, 'northwind', 'alg_not_allowed',
  (d) => /RS512/.test(d.why));
report.check('no session came of any', (await other.send(`${url}/me`)).status === 303);

report.end();
