// What people do for themselves at their own pages: open an application, see who they are and why they may, end sessions,
// take consents back.

import { muster } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { scim, secret } from '../seed.mjs';
import { Site } from '../site.mjs';
import { comes, person } from './connect.mjs';

export const PASSWORD = 'nine gentle northern tunnels';
const T = 'wayne';
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

// Somebody of Contoso who has a password here.
export function has(user_name, display_name, ...more) {
  return muster('user', 'add', 'contoso', user_name, '--display-name', display_name, '--password-file', secret(user_name, PASSWORD), ...more);
}

// The same at their own page.
async function at(world, user_name) {
  const who = await Clerk.local(world, user_name, PASSWORD);
  await who.go(`${world.url}/me`);
  return who;
}

const sessions = async (who) => (await who.api('/me/sessions')).body.items;
const opens = async (who) => (await who.api('/me/apps')).body.items.map((a) => a.name);

export const own = {
  async 'one opens an application'(world) {
    const { check, url } = world;
    has('wanda', 'Wanda Weber');
    const site = await Site.open(world, 'contoso', 'Canteen');
    const elsewhere = await Site.open(world, 'fabrikam', 'Fabrikam only');
    const wanda = await at(world, 'wanda');
    const shown = await wanda.page.locator('#apps a').allInnerTexts();
    check('her page has what she can open, and nothing of another company', shown.includes('Canteen') && !shown.includes('Fabrikam only')
      && shown.join() === (await opens(wanda)).join(), `${shown} / ${await opens(wanda)}`);
    await wanda.click('Canteen', { within: '#apps' });
    check('opened, it asks for what it wants', (await wanda.read('app-name')).includes('Canteen'), await wanda.words());
    await wanda.press('allow');
    const given = await site.redeem(wanda.page.url());
    check('allowed, it knows who she is', claims(given.id_token).name === 'Wanda Weber', JSON.stringify(given).slice(0, 200));
    await wanda.go(`${url}/me`);
    await wanda.click('Canteen', { within: '#apps' });
    check('and does not ask again', wanda.page.url().startsWith(`${site.back}?`), wanda.page.url());
    muster('app', 'disable', 'contoso', site.client.id);
    await wanda.go(`${url}/me`);
    check('switched off, it is not there to be opened', !(await opens(wanda)).includes('Canteen') && !(await wanda.text('#apps')).includes('Canteen'), await wanda.text('#apps'));
    await wanda.leave();
    site.close();
    elsewhere.close();
  },

  async 'one sees who one is, and why one may'(world) {
    const { check, url, providers: [provider] } = world;
    muster('tenant', 'create', T, '--name', 'Wayne');
    muster('domain', 'add', T, `${T}.example`);
    const { scim_base_url: base } = muster('directory', 'create', T, 'Wayne login', '--issuer', provider, '--client-id', 'muster', '--client-secret-file',
      secret(T, 'muster-interop-secret'), '--mfa-amr', 'mfa');
    const { token } = muster('scim-token', 'create', T, 'Wayne login');
    const say = (...asked) => scim(base, token, ...asked);
    const { id: value } = await say('POST', '/Users', person(T, 'adele', 'Adele Vance'));
    const { id: crew } = await say('POST', '/Groups', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'Crew', members: [{ value }] });
    muster('mapping', 'create', T, '--group', 'Crew', '--role', 'Technician');
    muster('grant', 'add', T, `adele@${T}.example`, 'Read-Only', '--reason', 'cover for the holidays', '--until', '2031-05-04T10:00:00Z');
    const adele = await comes(world, provider, `adele@${T}.example`, 'adele');
    await adele.go(`${url}/me`);
    const profile = await adele.text('#profile');
    check('her name, her address, and who says so', profile.includes('Adele Vance') && profile.includes(`adele@${T}.example`) && profile.includes('directory, Wayne login'), profile);
    const rights = await adele.read(`in-${T}`);
    check('the role of her group, and that it is by the group', rights.includes('Technician: because you are in the group Crew of Wayne login'), rights);
    check('the one that somebody gave her, why, and until when', rights.includes('Read-Only: given to you by hand (cover for the holidays)') && rights.includes('until 2031-05-04 10:00 UTC'), rights);
    const permitted = async () => {
      const shown = await adele.page.locator(`#in-${T} .permissions code`).allTextContents();
      const { body } = await adele.api(`/me?tenant=${T}`);
      return { shown: shown.sort().join(), known: body.in?.find((t) => t.slug === T)?.permissions.filter((p) => p !== 'self_service').sort().join() };
    };
    const { shown, known } = await permitted();
    check('and what that permits, as the API says', shown.includes('computers.edit') && shown === known, `${shown} / ${known}`);
    await say('PATCH', `/Groups/${crew}`, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [{ op: 'remove', path: 'members' }] });
    await adele.go(`${url}/me`);
    const after = await adele.read(`in-${T}`);
    check('out of the group, she has the role no more', !after.includes('Technician') && after.includes('Read-Only')
      && muster('explain', T, `adele@${T}.example`, 'computers.edit').allowed === false, after);
    await adele.leave();
  },

  async 'one’s sessions are named, and ended'(world) {
    const { check, url } = world;
    has('yann', 'Yann Ytter');
    const [here, there, third] = [await at(world, 'yann'), await at(world, 'yann'), await at(world, 'yann')];
    const mine = async (who) => (await sessions(who)).find((s) => s.this).id;
    const [tablet, last] = [await mine(there), await mine(third)];
    await here.go(`${url}/me`);
    check('all are there, and this one is marked', (await sessions(here)).length === 3 && await here.page.locator('article.session[id^="session-"]').count() === 3
      && await here.page.locator(`[id="session-${await mine(here)}"] #this-session`).count() === 1, await here.text('#sessions'));
    const name = async (called) => {
      const row = here.page.locator(`[id="session-${tablet}"]`);
      await row.locator('summary').click();
      await here.type({ [`name-${tablet}`]: called });
      await here.button(/^Save the name/, `[id="session-${tablet}"]`);
    };
    await name('Kitchen tablet');
    const called = async () => (await sessions(here)).find((s) => s.id === tablet).name;
    check('one has the name that was typed', await called() === 'Kitchen tablet' && await here.has('done'), `${await called()} ${await here.words()}`);
    await there.go(`${url}/me`);
    check('there, too', (await there.text(`[id="session-${tablet}"]`)).includes('Kitchen tablet'), await there.text('#sessions'));
    await name('  ');
    check('left empty, it has none', !await called(), await called());
    await name('Kitchen tablet');
    await here.button(/^End the session: Kitchen tablet/, '#sessions');
    check('ended, that browser is out', !await there.isIn() && await here.isIn() && await third.isIn(), await here.words());
    await there.go(`${url}/me`);
    check('and is sent to sign in', there.path.startsWith('/signin'), there.page.url());
    check('the list has it no more', !(await sessions(here)).some((s) => s.id === tablet) && !await here.has(`session-${tablet}`), await here.text('#sessions'));
    await here.press('end-others');
    check('all others ended, only this one is left', await here.isIn() && !await third.isIn() && (await sessions(here)).length === 1, JSON.stringify(await sessions(here)));
    check('and the page says so', await here.has('done') && !await here.has('end-others') && !await here.has(`session-${last}`), await here.words());
    for (const who of [here, there, third]) await who.leave();
  },

  async 'one takes back what one allowed an application'(world) {
    const { check, url } = world;
    has('carla', 'Carla Cruz');
    const [notes, maps] = [await Site.open(world, 'contoso', 'Notes'), await Site.open(world, 'contoso', 'Maps')];
    const carla = await at(world, 'carla');
    let [first, second] = [await notes.allowedBy(carla), await maps.allowedBy(carla)];
    first = { ...first, ...await notes.refresh(first.refresh_token) };
    check('before, its refresh token is good', first.access_token && await notes.lives(first.access_token), JSON.stringify(first).slice(0, 200));
    await carla.go(`${url}/me`);
    check('her page says what she allowed, to each', (await carla.text(`[id="consent-${notes.client.id}"]`)).includes('Notes') && await carla.has(`consent-${maps.client.id}`), await carla.text('#consents'));
    await carla.press(`withdraw-${notes.client.id}`);
    check('taken back, it is not there', await carla.has('done') && !await carla.has(`consent-${notes.client.id}`) && await carla.has(`consent-${maps.client.id}`), await carla.words());
    const refused = await notes.refresh(first.refresh_token);
    check('its refresh token is refused, and its access token is none', refused.error === 'invalid_grant' && await notes.lives(first.access_token) === false, JSON.stringify(refused));
    second = { ...second, ...await maps.refresh(second.refresh_token) };
    check('the other one’s are what they were', await maps.lives(second.access_token) === true, JSON.stringify(second).slice(0, 200));
    await carla.go(`${notes.home}/`);
    check('used again, it asks again', await carla.has('allow') && (await carla.read('app-name')).includes('Notes'), `${carla.page.url()} ${await carla.words()}`);
    await carla.press('deny');
    check('not allowed, it is told so', new URL(carla.page.url()).searchParams.get('error') === 'access_denied', carla.page.url());
    await carla.leave();
    notes.close();
    maps.close();
  },
};
