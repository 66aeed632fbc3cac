// Sign-in from somebody's application, with the consent page; logout that the application starts; being switched off.

import { createServer } from 'node:http';
import * as oidc from 'openid-client';
import { muster, until } from '../person.mjs';
import { Visitor } from './visitor.mjs';

export async function application(world) {
  const { report, url, home, password } = world;
  const arrived = [];
  const site = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    arrived.push({ url: request.url, body: Buffer.concat(chunks).toString() });
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>Wiki</title><h1>The wiki at ${request.url.split('?')[0]}</h1>`);
  });
  await new Promise((done) => { site.listen(Number(process.env.PORT), '127.0.0.1', done); });
  const made = muster('app', 'create', 'contoso', 'Wiki', '--redirect-uri', `${home}/callback`,
    '--post-logout-redirect-uri', `${home}/goodbye`, '--backchannel-logout-uri', `${home}/backchannel`);
  const config = await oidc.discovery(new URL(url), made.client_id, made.client_secret);
  const ask = async (more = {}) => {
    const checks = {
      pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(),
    };
    const to = oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${home}/callback`, scope: 'openid profile email offline_access', state: checks.expectedState,
      nonce: checks.expectedNonce, code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: 'S256', ...more,
    });
    return { to: to.href, checks };
  };

  // Adele comes from the application, is sent to her company's login by her address, and is asked once.
  const { adele } = world;
  let asked = await ask();
  await adele.go(asked.to);
  await adele.look('sign in for an application');
  if (await adele.has('email')) {
    await adele.type({ email: 'adele@contoso.example' });
    await adele.press('continue');
    await adele.look('the company’s ways in');
  }
  await adele.through(world.way, 'adele');
  await adele.look('consent');
  report.check('the consent page says which application', (await adele.read('app-name')).includes('Wiki'), await adele.words());
  await adele.press('deny');
  const refused = new URL(adele.page.url());
  report.check('who says no goes back with access_denied', refused.origin === home && refused.searchParams.get('error') === 'access_denied',
    refused.href);
  asked = await ask();
  await adele.go(asked.to);
  await adele.press('allow');
  report.check('who says yes goes back with a code', adele.page.url().startsWith(`${home}/callback?`), adele.page.url());
  const given = await oidc.authorizationCodeGrant(config, new URL(adele.page.url()), asked.checks);
  const claims = given.claims();
  report.check('which is worth tokens of that person', claims.name === 'Adele Vance', JSON.stringify(claims));
  asked = await ask();
  await adele.go(asked.to);
  report.check('and is not asked again', adele.page.url().startsWith(`${home}/callback?code=`), adele.page.url());
  await adele.go(`${url}/me`);
  await adele.look('where Adele is signed in');
  report.check('what she allowed is listed there', (await adele.read(`consent-${made.id}`)).includes('Wiki'), await adele.words());
  await adele.press(`withdraw-${made.id}`);
  await adele.look('consent taken back');
  report.check('she takes it back', await adele.has('done') && !await adele.has('consents'), await adele.words());
  const over = await oidc.tokenIntrospection(config, given.access_token);
  report.check('and what the application had by it has ended', over.active === false, JSON.stringify(over));

  // Logout, as the application starts it.
  const state = oidc.randomState();
  await adele.go(oidc.buildEndSessionUrl(config, {
    id_token_hint: given.id_token, post_logout_redirect_uri: `${home}/goodbye`, state,
  }).href);
  report.check('logout by the application ends on its page', adele.page.url() === `${home}/goodbye?state=${state}`, adele.page.url());
  await until('the logout token', () => arrived.some((a) => a.url === '/backchannel' && a.body.startsWith('logout_token=')));
  report.check('which is told by a logout token as well', true);
  await adele.go(`${url}/me`);
  report.check('and Adele is out', adele.path.startsWith('/signin'), adele.page.url());

  // Without anything from the application the person is asked, and ends with us.
  const { bert } = world;
  await bert.go(`${url}/oauth/logout`);
  await bert.look('logout without a hint');
  await bert.press('logout-no');
  await bert.go(`${url}/me`);
  report.check('who says no stays signed in', bert.path === '/me', bert.page.url());
  await bert.look('Bert’s sessions');

  // A link of an application that was made up gets a page of ours.
  await bert.go(`${url}/oauth/authorize?client_id=${made.client_id}&redirect_uri=${encodeURIComponent('https://evil.example/')}`);
  await bert.look('a redirect that is not registered', 400);
  await bert.go(`${url}/oauth/logout?post_logout_redirect_uri=${encodeURIComponent('https://evil.example/')}&client_id=${made.client_id}`);
  await bert.look('a return address that is not registered', bert.answer.status());
  report.check('and nobody is sent there', bert.page.url().startsWith(url), bert.page.url());

  // Switched off while signed in.
  await bert.go(`${url}/me`);
  muster('user', 'disable', 'contoso', 'bert@contoso.example');
  await bert.go(`${url}/me`);
  report.check('who was switched off is out at the next click', bert.path !== '/me', await bert.words());
  await bert.go(`${url}/signin?tenant=contoso`);
  await bert.page.locator('#local summary').click();
  await bert.type({ user_name: 'bert@contoso.example', password });
  await bert.press('sign-in');
  await bert.look('switched off', 403);
  report.check('and is told so, with a reference', await bert.has('reference') && (await bert.read('explanation')).includes('switched off'),
    await bert.words());
  site.close();
}
