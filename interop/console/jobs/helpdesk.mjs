// Somebody calls the help desk: waits after wrong tries, lost a telephone or a password, left a session open somewhere,
// allowed an application what they should not have.

import { muster, until } from '../../person.mjs';
import { Clerk, code } from '../clerk.mjs';
import { Site } from '../site.mjs';
import { byCode, credentials, makesRecoveryCodes, setsUpCode } from './factors.mjs';
import { PASSWORD, has } from './own.mjs';

const OTHER = 'four copper autumn bridges';
const RESET = /https?:\/\/[^\s<>"]+\/reset\/[\w-]+/;
const mail = (user_name) => ['--email', `${user_name}@partner.example`];

const says = (world, user_name, words) => until(`a letter that fits ${words}`, () => world.letter(`${user_name}@partner.example`, words));

// The page of what somebody signs in with, found by their name.
async function page(ada, user_name) {
  await ada.at('contoso', '/users');
  await ada.fill({ text: user_name });
  await ada.press('search');
  await ada.page.locator(`[id="user-${muster('user', 'show', 'contoso', user_name).id}"] a`).first().click();
  await ada.click('Signing in', { within: 'body' });
}

// Tries until whoever is wrong has to wait.
async function wrongTries(world, user_name) {
  const who = await Clerk.local(world, user_name, 'not at all what it is');
  for (let i = 1; i < 5; i += 1) await who.byPassword(user_name, 'not at all what it is');
  return who;
}

export const helpdesk = {
  async 'who was wrong too often is unlocked'(world) {
    const { ada, check } = world;
    has('ulf', 'Ulf Unger', ...mail('ulf'));
    const ulf = await wrongTries(world, 'ulf');
    await ulf.byPassword('ulf', PASSWORD);
    check('who was wrong too often waits, with the right password, too, and is told so', !await ulf.isIn() && /wait|again in|seconds|minute/i.test(await ulf.text('#problem')), await ulf.words());
    await page(ada, 'ulf');
    await ada.press('help-unlock');
    await ada.press('confirm');
    check('unlocked, the page says so', await ada.has('done') && ada.path.endsWith('/signing-in'), await ada.words());
    await ulf.byPassword('ulf', PASSWORD);
    check('and the right password opens the door at once', await ulf.isIn() && ulf.path === '/me', await ulf.words());
    const { headers } = await says(world, 'ulf', /unlocked/);
    check('a letter tells him', headers.to.includes('ulf@partner.example') && headers.subject.includes('unlocked'), JSON.stringify(headers));
    await ada.at('contoso', '/audit?action=credentials.unlock');
    check('and the trail who did it', /Ada Lovelace/.test(await ada.text('main tbody tr:has-text("Ulf"), main tbody tr:has-text("ulf")')), await ada.words());
    await ulf.leave();
  },

  async 'all that somebody signs in with is taken away, and set up anew'(world) {
    const { ada, check, url } = world;
    const { id } = has('lars', 'Lars Lost', ...mail('lars'));
    const lars = await Clerk.local(world, 'lars', PASSWORD);
    await lars.go(`${url}/me/factors`);
    const secret = await setsUpCode(lars);
    await makesRecoveryCodes(lars);
    // Whose role demands a second factor sets one up with the password.
    muster('grant', 'add', 'contoso', 'lars', 'Tenant Administrator');
    await page(ada, 'lars');
    await ada.press('help-reset-factors');
    check('the page says what goes, and nothing has', (await ada.text('.lead')).includes('passkeys') && (await credentials(ada, id)).one_time_codes === 1 && await lars.isIn(), await ada.words());
    await ada.press('confirm');
    const gone = await credentials(ada, id);
    check('it is gone, and the page says so, and that a link is on its way', gone.one_time_codes === 0 && gone.passwords === 0 && !/set up/.test(await ada.text('#credentials'))
      && /link/.test(await ada.text('#done')), `${JSON.stringify(gone)} ${await ada.text('#credentials')}`);
    check('he is out where he was in', !await lars.isIn());
    const late = await Clerk.local(world, 'lars', PASSWORD);
    check('his password opens nothing', !await late.isIn() && !late.path.startsWith('/me'), `${late.path} ${await late.words()}`);
    await late.leave();
    const link = RESET.exec((await says(world, 'lars', RESET)).text)[0];
    await lars.go(link);
    await lars.press('continue');
    await lars.type({ password: OTHER, password_again: `${OTHER}s` });
    await lars.press('continue');
    check('by the link: two passwords that differ are refused, and the page says so', await lars.has('problem') && !await lars.isIn(), await lars.words());
    await lars.type({ password: OTHER, password_again: OTHER });
    await lars.press('continue');
    const now = (await lars.read('otp-secret')).replace(/\s/g, '');
    await lars.type({ code: await code(now) });
    await lars.press('continue');
    check('a password and a code are set up, and he is in', await lars.isIn() && lars.path === '/me' && (await credentials(ada, id)).one_time_codes === 1, `${lars.path} ${await lars.words()}`);
    await lars.go(link);
    check('the link opens nothing more', !await lars.has('continue'), await lars.words());
    const again = await byCode(world, 'lars', now, OTHER);
    check('both open the door', await again.isIn(), await again.words());
    const old = await byCode(world, 'lars', secret, OTHER);
    check('the app that was lost does not', await old.has('problem') && !await old.isIn(), await old.words());
    const paper = await Clerk.local(world, 'lars', OTHER);
    check('and no recovery code is asked for: there is none', await paper.has('code') && !await paper.has('recovery_code'), await paper.words());
    for (const who of [lars, again, old, paper]) await who.leave();
  },

  async 'where nothing is to be taken away, the page says so'({ ada, check }) {
    has('nils', 'Nils Nothing');
    for (const verb of ['reset-factors', 'remove-code']) {
      await page(ada, 'nils');
      await ada.press(`help-${verb}`);
      await ada.press('confirm');
      check(`${verb}: refused, with why`, ada.answer.status() >= 400 && ada.answer.status() < 500 && await ada.has('problem') && (await ada.text('#problem')).length > 20, `${ada.answer.status()} ${await ada.words()}`);
    }
    await page(ada, 'nils');
    await ada.press('help-reset-link');
    await ada.press('confirm');
    check('without an address no link is sent, and the page says why', ada.answer.status() >= 400 && /address/.test(await ada.text('#problem')), `${ada.answer.status()} ${await ada.words()}`);
  },

  async 'a password is handed over, an authenticator app set up for somebody, and taken away'(world) {
    const { ada, check } = world;
    const { id } = has('hanna', 'Hanna Holt', ...mail('hanna'));
    const hanna = await Clerk.local(world, 'hanna', PASSWORD);
    await page(ada, 'hanna');
    await ada.press('help-password');
    await ada.fill({ password: 'hannahannahanna' });
    await ada.press('confirm');
    check('one that everybody guesses is said at the field, and not set', await ada.saidAt('password') && await hanna.isIn(), await ada.words());
    await ada.fill({ password: OTHER });
    await ada.press('confirm');
    check('set, her sessions have ended', await ada.has('done') && !await hanna.isIn(), await ada.words());
    await hanna.go(`${world.url}/signin?tenant=contoso`);
    await hanna.byPassword('hanna', PASSWORD);
    check('her old one opens nothing', !await hanna.isIn(), await hanna.words());
    await hanna.byPassword('hanna', OTHER);
    check('the new one does', await hanna.isIn(), await hanna.words());

    await page(ada, 'hanna');
    await ada.press('help-code');
    await ada.press('confirm');
    const secret = (await ada.text('#secret')).replace(/\s/g, '');
    check('the secret of a code is shown, with its address', (await ada.text('#otpauth')).startsWith('otpauth://') && /not shown again/.test(await ada.text()), await ada.words());
    await ada.press('back');
    check('and no page shows it again', !(await ada.page.content()).includes(secret) && (await credentials(ada, id)).one_time_codes === 1, await ada.words());
    check('her session has ended', !await hanna.isIn());
    const code_ = await byCode(world, 'hanna', secret, OTHER);
    check('it opens the door', await code_.isIn(), await code_.words());
    await ada.press('help-remove-code');
    await ada.press('confirm');
    check('taken away, there is none', await ada.has('done') && (await credentials(ada, id)).one_time_codes === 0, await ada.words());
    const alone = await Clerk.local(world, 'hanna', OTHER);
    check('and the password opens the door alone', await alone.isIn(), await alone.words());
    for (const who of [hanna, code_, alone]) await who.leave();
  },

  async 'a link to set a password is sent, and once more'(world) {
    const { ada, check } = world;
    has('greger', 'Greger Glad', ...mail('greger'));
    const send = async () => {
      await page(ada, 'greger');
      await ada.press('help-reset-link');
      await ada.press('confirm');
    };
    await send();
    const first = RESET.exec((await says(world, 'greger', RESET)).text)[0];
    await send();
    const second = await until('another letter', () => { const l = RESET.exec(world.letter('greger@partner.example', RESET)?.text)?.[0]; return l !== first && l; });
    const greger = await Clerk.enter(world, 'Greger');
    await greger.go(first);
    check('the first link opens nothing more', !await greger.has('password'), await greger.words());
    await greger.go(second);
    await greger.type({ password: 'passwordpassword', password_again: 'passwordpassword' });
    await greger.press('continue');
    check('a password that everybody guesses is said at the field', await greger.saidAt('password') && !await greger.isIn(), await greger.words());
    await greger.type({ password: OTHER, password_again: OTHER });
    await greger.press('continue');
    const now = await Clerk.local(world, 'greger', OTHER);
    check('the second sets one that opens the door', await now.isIn(), `${await greger.words()} / ${await now.words()}`);
    await greger.leave();
    await now.leave();
  },

  async 'one session of somebody is ended, and all'(world) {
    const { ada, check, url } = world;
    has('sonja', 'Sonja Sand');
    const site = await Site.open(world, 'contoso', 'Diary');
    const [first, second, third] = [await Clerk.local(world, 'sonja', PASSWORD), await Clerk.local(world, 'sonja', PASSWORD), await Clerk.local(world, 'sonja', PASSWORD)];
    let given = await site.allowedBy(first);
    given = { ...given, ...await site.refresh(given.refresh_token) };
    const [lost] = (await first.api('/me/sessions')).body.items.filter((s) => s.this);
    await page(ada, 'sonja');
    check('her page has all three', await ada.page.locator('#sessions tbody tr[id^="session-"]').count() === 3, await ada.text('#sessions'));
    await ada.click(/^End the session/, { within: `[id="session-${lost.id}"]` });
    check('the page says what it means, and nothing has happened', await ada.has('confirm') && await first.isIn(), await ada.words());
    await ada.press('confirm');
    check('that one is out, and no other', !await first.isIn() && await second.isIn() && await third.isIn(), await ada.words());
    check('with what an application got in it', await site.lives(given.access_token) === false && (await site.refresh(given.refresh_token)).error === 'invalid_grant');
    await first.go(`${url}/me`);
    check('its browser is sent to sign in', first.path.startsWith('/signin'), first.page.url());
    await ada.press('end-all');
    await ada.press('confirm');
    check('all ended, none is in', !await second.isIn() && !await third.isIn() && await ada.has('no-sessions'), await ada.text('#sessions'));
    const again = await Clerk.local(world, 'sonja', PASSWORD);
    check('and she can sign in as before', await again.isIn(), await again.words());
    for (const who of [first, second, third, again]) await who.leave();
    site.close();
  },

  async 'what somebody allowed an application is taken back'(world) {
    const { ada, check } = world;
    const { id } = has('connie', 'Connie Cole');
    const site = await Site.open(world, 'contoso', 'Photo prints');
    const connie = await Clerk.local(world, 'connie', PASSWORD);
    let given = await site.allowedBy(connie);
    given = { ...given, ...await site.refresh(given.refresh_token) };
    await page(ada, 'connie');
    await ada.click('Take back what they allowed Photo prints');
    check('the page says what it means, and nothing has happened', (await ada.text()).includes('Photo prints') && await site.lives(given.access_token) === true, await ada.words());
    await ada.press('confirm');
    const consents = (await ada.api(`/tenants/contoso/users/${id}/consents`)).body.items;
    check('taken back, there is none', consents.length === 0 && !(await ada.text('#consents')).includes('Photo prints'), JSON.stringify(consents));
    const refused = await site.refresh(given.refresh_token);
    check('its refresh token is refused, and its access token is none', refused.error === 'invalid_grant' && await site.lives(given.access_token) === false, JSON.stringify(refused));
    check('she stays signed in', await connie.isIn());
    await connie.go(`${site.home}/`);
    check('and is asked again', await connie.has('allow'), await connie.words());
    await connie.leave();
    site.close();
  },
};
