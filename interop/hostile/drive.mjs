// A person's browser between Muster and a provider that answers wrongly: each wrong answer is refused with a reason of its
// own, which the administrator finds under the reference that the person is shown; and the right one is let in.
//
// node drive.mjs MUSTER_URL PROVIDER_PORT DATABASE

import { Browser, Report, muster, words } from '../person.mjs';
import {
  Provider, changedAfterwards, now, signedBy, unsigned, unsignedInAnyCase, withItsOwnKey, withThePublicKey,
  withThePublicKeysBytes,
} from './provider.mjs';

const [url, port, database] = process.argv.slice(2);
const p = await Provider.start(Number(port));
const report = new Report(`a hostile provider, ${database}`);

// From Muster's page to the provider and back to what comes of it.
async function signIn(browser = new Browser()) {
  const ways = await browser.go(`${url}/signin?tenant=contoso`);
  return browser.submit(ways, /<button id="(way-[^"]+)"[^>]*>Continue with Contoso login</.exec(ways.html)[1]);
}

const reference = (page) => /id="reference"[^>]*>([^<]+)</.exec(page.html)?.[1];

async function refused(what, reason, wrong) {
  p.reset();
  p.case = wrong;
  if (wrong.publish) p.published = wrong.publish(p);
  const browser = new Browser();
  const page = await signIn(browser);
  judged(what, reason, page);
  const session = await browser.send(`${url}/me`);
  report.check(`${what}: no session`, session.status === 303, session.status);
}

function judged(what, reason, page) {
  const seen = reference(page);
  const record = seen && muster('signins', 'show', 'contoso', seen);
  report.check(`${what}: ${reason}`, page.status === 403 && record?.reason === reason && record.outcome !== 'success',
    `${page.status} ${record?.reason} ${words(page.html)}`);
  // The person learns that it did not work, and nothing that a stranger could use.
  const told = ['nonce', 'audience', 'signature', 'claim', 'alg', 'kid'].filter((w) => words(page.html).includes(w));
  report.check(`${what}: nothing told`, told.length === 0, told.join(' '));
}

async function letIn(what, right) {
  p.reset();
  p.case = right;
  const browser = new Browser();
  const page = await signIn(browser);
  report.check(what, page.status === 200 && page.url === `${url}/me`, `${page.status} ${page.url} ${words(page.html)}`);
}

const change = (f) => ({ change: f });
const drop = (name) => change((c) => { delete c[name]; });
const set = (name, value) => change((c) => { c[name] = value; });

await letIn('the right answer: in', {});

// What the token says.
await refused('another nonce', 'nonce_mismatch', set('nonce', 'of-somebody-else'));
await refused('no nonce', 'nonce_mismatch', drop('nonce'));
await refused('another audience', 'audience_mismatch', set('aud', 'another-application'));
await refused('two audiences and another authorized party', 'audience_mismatch',
  change((c) => { c.aud = ['muster', 'another']; c.azp = 'another'; }));
await refused('another issuer', 'issuer_mismatch', set('iss', 'http://127.0.0.1:1'));
await refused('the issuer with a slash', 'issuer_mismatch', change((c) => { c.iss += '/'; }));
await refused('over since an hour', 'token_expired', change((c) => { c.iat = now() - 7200; c.exp = now() - 3600; }));
await refused('issued in an hour', 'clock_skew', change((c) => { c.iat = now() + 3600; c.exp = now() + 7200; }));
await refused('not valid before an hour from now', 'clock_skew', set('nbf', now() + 3600));

// How it is signed.
await refused('alg none', 'token_unsigned', { sign: unsigned });
await refused('alg nOnE', 'token_unsigned', { sign: unsignedInAnyCase('nOnE') });
await refused('no signature under RS256', 'token_unsigned', { sign: unsignedInAnyCase('RS256') });
await refused('HS256 with the public key', 'alg_not_allowed', { sign: withThePublicKey });
await refused('an algorithm that the provider does not state', 'alg_not_allowed',
  { sign: signedBy('elliptic', { alg: 'ES256' }) });
await refused('the other of two keys', 'bad_signature', { sign: signedBy('other') });
await refused('keys swapped: a stranger under our name', 'bad_signature', { sign: signedBy('stranger') });
await refused('a key that is not published', 'key_unknown', { sign: signedBy('stranger', { kid: 'nobody' }) });
await refused('a key that the token brings itself', 'key_unknown', { sign: withItsOwnKey });
await refused('changed after it was signed', 'bad_signature', { sign: changedAfterwards });
await refused('a certificate that the token brings itself', 'key_unknown',
  { sign: signedBy('stranger', { kid: 'nobody', x5c: ['MIIB'], x5t: 'x' }) });
await refused('HS256 with the public key as a certificate would hold it', 'alg_not_allowed', { sign: withThePublicKeysBytes });
await refused('a key that was published a moment ago and is not any more', 'key_unknown',
  { publish: (q) => [q.other.jwk], sign: signedBy('stranger', { kid: 'gone' }) });
await refused('a critical extension that nobody knows', 'token_malformed',
  { sign: async (claims, head, q) => {
    const token = await signedBy('key')(claims, head, q);
    const [, payload] = token.split('.');
    const header = Buffer.from(JSON.stringify({ ...head, crit: ['x'], x: 1 })).toString('base64url');
    return `${header}.${payload}.${token.split('.')[2]}`;
  } });

// Claims that are missing or of another type.
for (const name of ['sub', 'aud', 'exp', 'iat']) {
  await refused(`no ${name}`, 'claim_missing', drop(name));
}
await refused('an empty sub', 'claim_missing', set('sub', ''));
await refused('sub is a number', 'claim_missing', set('sub', 1));
await refused('exp is a text', 'claim_missing', set('exp', String(now() + 300)));
await refused('exp is negative', 'claim_missing', set('exp', -1));
await refused('iat is a list', 'claim_missing', set('iat', [now()]));
await refused('auth_time is a text', 'claim_missing', set('auth_time', String(now())));
await refused('auth_time in an hour', 'clock_skew', set('auth_time', now() + 3600));
await refused('nonce is a list', 'claim_missing', change((c) => { c.nonce = [c.nonce]; }));
await refused('sub of two kilobytes and more', 'claim_missing', set('sub', 'x'.repeat(3000)));
await refused('somebody the directory never brought', 'identity_unknown_jit_off', set('sub', 'u2'));
await refused('an event in the place of a login', 'token_malformed', set('events', {}));

// What comes instead of a token.
await refused('no id token', 'id_token_missing', { token: (_, json) => json({ access_token: 'at', token_type: 'Bearer' }) });
await refused('text instead of a token', 'token_malformed',
  { token: (_, json) => json({ access_token: 'at', token_type: 'Bearer', id_token: 'nonsense' }) });
await refused('the code is refused', 'code_refused', { token: (_, json) => json({ error: 'invalid_grant' }, 400) });
await refused('a page instead of JSON', 'upstream_unavailable', { token: (res) => {
  res.writeHead(200, { 'content-type': 'text/html' });
  res.end('<h1>Hello</h1>');
} });
await refused('it fails', 'upstream_unavailable', { token: (res) => { res.writeHead(500); res.end(); } });
await refused('it sends us elsewhere', 'upstream_unavailable', { token: (res) => {
  res.writeHead(307, { location: `${p.issuer}/elsewhere` });
  res.end();
} });
await refused('its answer has no end', 'upstream_unavailable', { token: (res) => {
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(`{"access_token":"${'x'.repeat(3_000_000)}"}`);
} });
await refused('it takes its time', 'upstream_unavailable', { token: (res) => {
  setTimeout(() => res.end('{}'), 5000).unref();
} });
await refused('a token of half a megabyte', 'token_malformed', set('name', 'x'.repeat(500_000)));
await refused('an error instead of a code', 'idp_error',
  { answer: () => ({ code: undefined, error: 'access_denied' }) });
await refused('an answer in another provider\'s name', 'issuer_mismatch', { answer: () => ({ iss: 'http://127.0.0.1:1' }) });

// What is wrong with a proof only costs its weight: who may do little comes in without one.
await letIn('amr is a text and not a list: in, with one factor', set('amr', 'mfa'));
await letIn('amr is a number: in, with one factor', set('amr', 2));

// Providers that describe themselves wrongly.
p.reset();
for (const [name, reason] of [['Another issuer', 'issuer_mismatch'], ['Hidden keys', 'outbound_refused']]) {
  const browser = new Browser();
  const ways = await browser.go(`${url}/signin?tenant=contoso`);
  const [, id] = new RegExp(`<button id="(way-[^"]+)"[^>]*>Continue with ${name}<`).exec(ways.html);
  judged(`discovery: ${name.toLowerCase()}`, reason, await browser.submit(ways, id));
}

// The state of another browser, and one that was answered.
p.reset();
const [victim, thief] = [new Browser(), new Browser()];
const ways = await victim.go(`${url}/signin?tenant=contoso`);
const form = [...ways.html.matchAll(/<form[^>]*>(.*?)<\/form>/gs)].map(([, f]) => f)
  .find((f) => f.includes('Continue with Contoso login'));
const fields = Object.fromEntries([...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
  .map(([, name, value]) => [name, value]));
const left = await victim.send(`${url}/federation/start`, fields, ways.url);
const answered = await fetch(left.headers.get('location'), { redirect: 'manual' });
const back = answered.headers.get('location');
const stolen = await thief.go(back);
judged('the state of another browser', 'state_foreign', stolen);
const spoilt = await victim.go(back);
report.check('a state that another browser showed is used up', spoilt.status === 400, spoilt.status);
const again = new Browser();
const first = await signIn(again);
report.check('a new sign-in goes on', first.status === 200 && first.url === `${url}/me`, first.url);
const replayed = await again.send(`${p.asked.redirect_uri}?code=a-code&state=${p.asked.state}`);
report.check('an answer counts once', replayed.status === 400, replayed.status);

report.end();
