// What people sign in with, at their own pages: an authenticator app, recovery codes, the password. Passkeys, which only a
// script can ask a browser for, are in ../browser.

import { muster, totp } from '../../person.mjs';
import { Clerk, code } from '../clerk.mjs';
import { PASSWORD, has } from './own.mjs';

const OTHER = 'four copper autumn bridges';

// Somebody at the page of what they sign in with.
async function at(world, user_name, password = PASSWORD) {
  const who = await Clerk.local(world, user_name, password);
  await who.go(`${world.url}/me/factors`);
  return who;
}

// An authenticator app is set up there; its secret.
export async function setsUpCode(who) {
  await who.press('set-code');
  const secret = (await who.read('otp-secret')).replace(/\s/g, '');
  await who.type({ code: await code(secret) });
  await who.press('continue');
  return secret;
}

// Recovery codes are made there.
export async function makesRecoveryCodes(who) {
  await who.press('make-recovery-codes');
  const codes = (await who.text('#recovery-codes')).split(/\s+/);
  await who.press('done');
  return codes;
}

// Somebody with password and code, as far as that leads.
export async function byCode(world, user_name, secret, password = PASSWORD) {
  const who = await Clerk.local(world, user_name, password);
  await who.type({ code: await code(secret) });
  await who.press('continue');
  return who;
}

export async function byRecoveryCode(world, user_name, typed, password = PASSWORD) {
  const who = await Clerk.local(world, user_name, password);
  if (!await who.page.locator('#recovery_code').isVisible()) await who.page.locator('#by-recovery summary').click();
  await who.type({ recovery_code: typed });
  await who.press('recover');
  return who;
}

// How many one-time codes and passwords somebody has, to the API.
export const credentials = async (ada, id) => (await ada.api(`/tenants/contoso/users/${id}/removal`)).body.removes;

export const factors = {
  async 'an authenticator app is set up, used, and removed'(world) {
    const { ada, check, url } = world;
    const { id } = has('freya', 'Freya Falk');
    const codes = async () => (await credentials(ada, id)).one_time_codes;
    const freya = await at(world, 'freya');
    const other = await at(world, 'freya');
    await freya.press('set-code');
    const secret = (await freya.read('otp-secret')).replace(/\s/g, '');
    // One that it cannot be, whatever the time is: the right one and its neighbours are looked at.
    const near = [-2, -1, 0, 1, 2].map((s) => totp(secret, s));
    await freya.type({ code: ['000000', '111111', '222222', '333333', '444444', '555555'].find((c) => !near.includes(c)) });
    await freya.press('continue');
    check('a wrong code is said at the field, and sets nothing up', await freya.saidAt('code') && await codes() === 0, `${await codes()} ${await freya.words()}`);
    check('and the secret is what it was', (await freya.read('otp-secret')).replace(/\s/g, '') === secret, await freya.read('otp-secret'));
    await freya.type({ code: await code(secret) });
    await freya.press('continue');
    check('set up, the page says so', await codes() === 1 && await freya.has('done') && (await freya.text('#has-code')).includes('gives you one-time codes'), await freya.words());
    check('and wherever else she was signed in, she is not any more', await freya.isIn() && !await other.isIn());

    const again = await Clerk.local(world, 'freya', PASSWORD);
    check('her password alone leads to the question for a code', await again.has('code') && !await again.isIn(), await again.words());
    const used = await code(secret);
    await again.type({ code: used });
    await again.press('continue');
    check('with it she is in', again.path === '/me' && await again.isIn(), `${again.path} ${await again.words()}`);
    const third = await Clerk.local(world, 'freya', PASSWORD);
    await third.type({ code: used });
    await third.press('continue');
    check('the same code is not taken twice, and the page says so', await third.has('problem') && !await third.isIn(), await third.words());

    // Who was in before has proved less than there is by now.
    await freya.go(`${url}/me/factors`);
    check('who has not proved it with the code is asked to, before anything is changed', await freya.has('stale') && !await freya.has('remove-code'), await freya.words());
    await freya.press('fresh');
    await freya.byPassword('freya', PASSWORD);
    await freya.type({ code: await code(secret) });
    await freya.press('continue');
    await freya.go(`${url}/me/factors`);
    await freya.press('remove-code');
    check('the page says what removing means, and nothing has happened', (await freya.text('#sure')).length > 20 && await codes() === 1, await freya.words());
    await freya.press('remove');
    check('removed, there is none', await codes() === 0 && (await freya.text('#has-code')).includes('no one-time code'), await freya.words());
    check('and wherever else she was signed in, she is not any more', await freya.isIn() && !await again.isIn());
    const last = await Clerk.local(world, 'freya', PASSWORD);
    check('her password leads in alone again', last.path === '/me' && await last.isIn(), await last.words());
    for (const who of [freya, other, again, third, last]) await who.leave();
  },

  async 'recovery codes are made, and each opens the door once'(world) {
    const { check, url } = world;
    has('rurik', 'Rurik Rask');
    const rurik = await at(world, 'rurik');
    check('who has no second factor is offered none', !await rurik.has('make-recovery-codes'), await rurik.text('#recovery'));
    await setsUpCode(rurik);
    const codes = await makesRecoveryCodes(rurik);
    const left = async () => (await rurik.go(`${url}/me/factors`), rurik.text('#recovery-left'));
    check('there are several, each another', codes.length > 5 && new Set(codes).size === codes.length && (await left()).includes(`You have ${codes.length} `), `${codes.length} ${await left()}`);
    const seen = await rurik.page.content();
    check('the page shows none of them again', !codes.some((c) => seen.includes(c)), seen.slice(0, 200));
    const wrong = await byRecoveryCode(world, 'rurik', `${codes[0].slice(0, -1)}${codes[0].endsWith('a') ? 'b' : 'a'}`);
    check('one that is none opens nothing, and the page says so', await wrong.has('problem') && !await wrong.isIn(), await wrong.words());
    const lost = await byRecoveryCode(world, 'rurik', codes[0]);
    check('one of them opens the door', await lost.isIn() && lost.path.startsWith('/me'), `${lost.path} ${await lost.words()}`);
    const again = await byRecoveryCode(world, 'rurik', codes[0]);
    check('and once', await again.has('problem') && !await again.isIn(), await again.words());
    check('the others are left', (await left()).includes(`${codes.length - 1}`), await left());
    const second = await byRecoveryCode(world, 'rurik', codes[1]);
    check('the next opens it as well', await second.isIn(), await second.words());
    for (const who of [rurik, wrong, lost, again, second]) await who.leave();
  },

  async 'new recovery codes take the place of the old ones'(world) {
    const { check } = world;
    has('rasmus', 'Rasmus Rod');
    const first = await at(world, 'rasmus');
    const secret = await setsUpCode(first);
    const old = await makesRecoveryCodes(first);
    await first.leave();
    const rasmus = await byCode(world, 'rasmus', secret);
    await rasmus.go(`${world.url}/me/factors`);
    const now = await makesRecoveryCodes(rasmus);
    check('they are others', now.length === old.length && !now.some((c) => old.includes(c)), '');
    const late = await byRecoveryCode(world, 'rasmus', old[0]);
    check('of the old ones none opens anything', await late.has('problem') && !await late.isIn(), await late.words());
    const in_ = await byRecoveryCode(world, 'rasmus', now[0]);
    check('the first of the new ones opens the door', await in_.isIn(), await in_.words());
    for (const who of [rasmus, late, in_]) await who.leave();
  },

  async 'one changes one’s password'(world) {
    const { check, url } = world;
    has('pelle', 'Pelle Palm');
    const [pelle, other] = [await at(world, 'pelle'), await at(world, 'pelle')];
    const set = async (password, password_again = password) => {
      const fields = pelle.page.locator('#password');
      if (!await fields.isVisible()) await pelle.page.locator('#change-password summary').click();
      await pelle.type({ password, password_again });
      await pelle.press('set-password');
    };
    await set(OTHER, `${OTHER}s`);
    check('two that differ are refused, and the page says so', await pelle.has('problem') && /not the same/.test(await pelle.text('#problem')), await pelle.words());
    await set('passwordpassword');
    check('one that everybody guesses, too', await pelle.has('problem') && pelle.answer.status() >= 400, await pelle.words());
    check('and nothing has changed', await other.isIn());
    await set(OTHER);
    check('it is changed, and wherever else he was signed in, he is not any more', await pelle.has('done') && await pelle.isIn() && !await other.isIn(), await pelle.words());
    const before = await Clerk.local(world, 'pelle', PASSWORD);
    check('the old one opens nothing', await before.has('problem') && !await before.isIn(), await before.words());
    const after = await Clerk.local(world, 'pelle', OTHER);
    check('the new one does', after.path === '/me' && await after.isIn(), await after.words());
    await pelle.go(`${url}/me`);
    await pelle.press('signout');
    check('signed out, he is out there alone', !await pelle.isIn() && await after.isIn(), await pelle.words());
    for (const who of [pelle, other, before, after]) await who.leave();
  },
};
