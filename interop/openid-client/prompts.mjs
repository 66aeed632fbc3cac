// What an application may ask of a sign-in: that it is new, that nothing is shown, whom it expects; and what a person
// is asked about an application that is not the platform's own.

import { Browser, words } from '../person.mjs';
import { enter, request, tokens } from './signin.mjs';

const back = (world, page) => page.url.startsWith(world.callback);
const error = (page) => new URL(page.url).searchParams.get('error');

export async function prompts(world) {
  const { oidc, report, wiki } = world;
  const config = await world.discover(wiki.id, wiki.secret);
  const browser = new Browser();
  const first = (await tokens(world, config, browser, world.bert)).given.claims();

  let asked = await request(world, config, { prompt: 'none' });
  let page = await browser.go(asked.url);
  const silent = await oidc.authorizationCodeGrant(config, new URL(page.url), asked.checks);
  report.check('prompt=none with a session: a code, and no page', silent.claims().sid === first.sid);

  await new Promise((done) => { setTimeout(done, 2000); });
  asked = await request(world, config, { prompt: 'login' });
  page = await browser.go(asked.url);
  report.check('prompt=login shows the sign-in to somebody who is signed in', !back(world, page), page.url);
  page = await enter(world, browser, page.url, world.bert);
  const again = await oidc.authorizationCodeGrant(config, new URL(page.url), asked.checks);
  report.check('and auth_time is that of the new sign-in', again.claims().auth_time > first.auth_time, JSON.stringify(again.claims()));

  asked = await request(world, config, { max_age: '10000' });
  page = await browser.go(asked.url);
  const young = await oidc.authorizationCodeGrant(config, new URL(page.url), { ...asked.checks, maxAge: 10_000 });
  report.check('max_age that is not reached: no page', young.claims().auth_time === again.claims().auth_time);
  await new Promise((done) => { setTimeout(done, 2100); });
  asked = await request(world, config, { max_age: '1' });
  page = await browser.go(asked.url);
  report.check('max_age that is over: the sign-in again', !back(world, page), page.url);
  page = await enter(world, browser, page.url, world.bert);
  const fresh = await oidc.authorizationCodeGrant(config, new URL(page.url), { ...asked.checks, maxAge: 1 });
  report.check('and the library finds it young enough', fresh.claims().auth_time > again.claims().auth_time);

  asked = await request(world, config);
  const [endpoint, query] = asked.url.split('?');
  page = await browser.go(endpoint, new URLSearchParams(query), world.home);
  const posted = await oidc.authorizationCodeGrant(config, new URL(page.url), asked.checks);
  report.check('the same request by POST', posted.claims().sub === first.sub);

  asked = await request(world, config, { prompt: 'none login' });
  page = await browser.go(asked.url);
  report.check('prompt=none beside another is an error', error(page) === 'invalid_request', page.url);

  const nobody = new Browser();
  asked = await request(world, config, { login_hint: 'bert@contoso.example' });
  page = await nobody.go(asked.url);
  report.check('login_hint is typed already', page.html.includes('value="bert@contoso.example"'), words(page.html));
  await consent(world);
}

async function consent(world) {
  const { oidc, report, guest } = world;
  const config = await world.discover(guest.id, guest.secret);
  const browser = new Browser();
  const scope = 'openid email';
  let asked = await request(world, config, { scope });
  let page = await enter(world, browser, asked.url, world.bert);
  report.check('an application of others: the person is asked, and told which and what', page.html.includes('id="allow"')
    && page.html.includes('Guest book') && !back(world, page), words(page.html));
  page = await browser.submit(page, 'deny');
  report.check('who says no goes back with access_denied', error(page) === 'access_denied', page.url);

  asked = await request(world, config, { scope, prompt: 'none' });
  page = await browser.go(asked.url);
  report.check('prompt=none without consent: consent_required', error(page) === 'consent_required', page.url);

  asked = await request(world, config, { scope });
  page = await browser.submit(await browser.go(asked.url), 'allow');
  const given = await oidc.authorizationCodeGrant(config, new URL(page.url), asked.checks);
  report.check('who says yes goes back with a code', given.claims().email === 'bert@contoso.example');
  asked = await request(world, config, { scope });
  page = await browser.go(asked.url);
  report.check('and is not asked twice', back(world, page) && !error(page), page.url);
  asked = await request(world, config, { scope: 'openid email profile' });
  page = await browser.go(asked.url);
  report.check('but is when it wants more', page.html.includes('id="allow"'), page.url);
  asked = await request(world, config, { scope, prompt: 'consent' });
  page = await browser.go(asked.url);
  report.check('and when it says prompt=consent', page.html.includes('id="allow"'), page.url);
}
