// From an invitation that an administrator makes to somebody who is in and may do what was planned; many at once.

import { muster, totp, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';

const LINK = /https?:\/\/[^\s<>"]+\/invite\/[\w-]+/;
const PASSWORD = 'nine gentle northern tunnels';
export const linkIn = (letter) => LINK.exec(letter?.text ?? '')?.[0];
const users = () => muster('user', 'list', 'contoso', '--limit', '200').items;

// Through the link to a password of one's own; where a role wants a second factor, to a code as well.
export async function accepts(world, link, name) {
  const person = await Clerk.enter(world, name);
  await person.go(link);
  await person.press('accept');
  await person.press('set-password');
  await person.type({ password: PASSWORD, password_again: PASSWORD });
  await person.press('continue');
  if (await person.has('otp-secret')) {
    await person.type({ code: totp((await person.read('otp-secret')).replace(/\s/g, '')) });
    await person.press('continue');
  }
  return person;
}

export const invited = {
  async 'who is invited accepts, and may what was planned'(world) {
    const { ada, check, letter } = world;
    const { items } = (await ada.api('/tenants/contoso/roles?limit=50')).body;
    await ada.at('contoso', '/users');
    await ada.press('add');
    await ada.fill({ email: 'olaf@partner.example', display_name: 'Olaf Olsen', role: [items.find((r) => r.name === 'Packager').id], how: 'letter' });
    await ada.press('save');
    const first = linkIn(await until('the invitation', () => letter('olaf@partner.example')));
    await ada.at('contoso', '/invitations?state=pending');
    await ada.click('olaf@partner.example');
    await ada.press('resend');
    const link = linkIn(await until('another letter', () => { const l = letter('olaf@partner.example'); return linkIn(l) !== first && l; }));
    const late = await Clerk.enter(world, 'whoever has the first letter');
    await late.go(first);
    check('sent again, the first link opens nothing', !await late.has('accept'), await late.words());
    await late.leave();
    check('and nothing is held before it is accepted', muster('explain', 'contoso', 'olaf@partner.example', 'software.view').allowed === false);
    const olaf = await accepts(world, link, 'Olaf');
    check('Olaf is in, with the role', olaf.path === '/me' && (await olaf.read('roles')).includes('Packager'), await olaf.words());
    check('and may what it permits', muster('explain', 'contoso', 'olaf@partner.example', 'software.view').allowed === true);
    await ada.at('contoso', '/invitations?state=accepted');
    check('the list says that he accepted', (await ada.text()).includes('olaf@partner.example'), await ada.words());
    await olaf.leave();
  },

  async 'an invitation is taken back'(world) {
    const { ada, check, letter } = world;
    muster('invitation', 'create', 'contoso', 'petr@partner.example', '--display-name', 'Petr', '--role', 'Read-Only');
    const link = linkIn(await until('the invitation', () => letter('petr@partner.example')));
    await ada.at('contoso', '/invitations?state=pending');
    await ada.click('petr@partner.example');
    await ada.press('revoke');
    await ada.press('confirm');
    check('it is taken back', (await ada.text('#state')) !== 'pending' && await ada.has('done'), await ada.words());
    const petr = await Clerk.enter(world, 'Petr');
    await petr.go(link);
    check('and its link opens nothing', petr.answer.status() === 410 && !await petr.has('accept'), await petr.words());
    await petr.leave();
  },

  async 'many are invited, and deleted'({ ada, check, letter }) {
    await ada.at('contoso', '/users');
    await ada.press('invite-many');
    await ada.fill({ people: 'rosa@partner.example, Rosa Ramos\nrosalie@partner.example, Rosalie Sund\nnot an address, Nobody' });
    await ada.press('look');
    const rows = await ada.text('#rows');
    check('the page says who would be, and who would not', rows.includes('rosa@partner.example') && /2 are invited.*1/.test(await ada.text('#summary')), await ada.text('#summary'));
    check('and nobody is yet', !users().some((u) => /^rosa/.test(u.user_name)));
    await ada.press('confirm');
    check('both are', (await ada.text('#summary')).startsWith('2 invited') && users().filter((u) => /^rosa/.test(u.user_name)).length === 2, await ada.text('#summary'));
    await until('both letters', () => linkIn(letter('rosa@partner.example')) && linkIn(letter('rosalie@partner.example')));
    await ada.at('contoso', '/users?text=rosa');
    for (const u of users().filter((one) => /^rosa/.test(one.user_name))) await ada.page.locator(`[id="user-${u.id}"] input[name=user]`).check();
    await ada.fill({ action: 'delete' });
    await ada.press('go-on');
    check('the next page says what would go, and nothing has', await ada.page.locator('#rows tbody tr').count() === 2
      && users().filter((u) => /^rosa/.test(u.user_name)).length === 2, await ada.words());
    await ada.press('confirm');
    check('both are deleted', !users().some((u) => /^rosa/.test(u.user_name)), await ada.words());
    const open = muster('invitation', 'list', 'contoso').items.filter((i) => /^rosa/.test(i.email) && i.state === 'pending');
    check('with their invitations', open.length === 0, JSON.stringify(open));
  },

  async 'a password that was forgotten is set anew'(world) {
    const { check, letter, url } = world;
    muster('invitation', 'create', 'contoso', 'frida@partner.example', '--display-name', 'Frida', '--role', 'Self-Service');
    const frida = await accepts(world, linkIn(await until('the invitation', () => letter('frida@partner.example'))), 'Frida');
    const device = await Clerk.enter(world, 'Frida elsewhere');
    await device.go(`${url}/forgot`);
    await device.type({ user_name: 'frida@partner.example' });
    await device.press('continue');
    const sent = await until('the letter', () => { const l = letter('frida@partner.example'); return /\/reset\//.test(l?.text) && l; });
    await device.go(/https?:\/\/[^\s<>"]+\/reset\/[\w-]+/.exec(sent.text)[0]);
    await device.type({ password: 'four copper autumn bridges', password_again: 'four copper autumn bridges' });
    await device.press('continue');
    await frida.go(`${url}/me`);
    check('it is set, and she is out where she was in', frida.path.startsWith('/signin'), `${frida.page.url()} ${await device.words()}`);
    const signs = async (password) => {
      const again = await Clerk.enter(world, 'Frida again');
      await again.go(`${url}/signin?tenant=contoso`);
      await again.page.locator('#local summary').click();
      await again.type({ user_name: 'frida@partner.example', password });
      await again.press('sign-in');
      const { path } = again;
      await again.leave();
      return path;
    };
    check('the old one opens nothing', await signs(PASSWORD) !== '/me');
    check('the new one does', await signs('four copper autumn bridges') === '/me');
    await frida.leave();
    await device.leave();
  },

  async 'many are signed out, and get a role and lose it'(world) {
    const { ada, check, named, url } = world;
    // All of one first name, so that a search has them on one page.
    const some = [named[40], named[52]].map((n) => muster('user', 'show', 'contoso', n));
    const role = muster('role', 'list', 'contoso').items.find((r) => r.name === 'Packager').id;
    const have = () => muster('grant', 'list', 'contoso').items.filter((g) => g.role === role && some.some((u) => u.id === g.user)).length;
    const act = async (fields) => {
      await ada.at('contoso', `/users?text=${some[0].display_name.split(' ')[0]}`);
      for (const { id } of some) await ada.page.locator(`[id="user-${id}"] input[name=user]`).check();
      await ada.fill({ action: fields.action });
      if (fields.role) await ada.page.locator('#f-bulk-role').selectOption(fields.role);
      await ada.press('go-on');
      check(`${fields.action}: the next page says what would become of each`, await ada.page.locator('#rows tbody tr').count() === 2, await ada.words());
      await ada.press('confirm');
    };
    await act({ action: 'give_role', role });
    check('both have the role', have() === 2, await ada.words());
    await act({ action: 'take_role', role });
    check('and have it no more', have() === 0, await ada.words());
    muster('invitation', 'create', 'contoso', 'hugo@partner.example', '--display-name', 'Hugo', '--role', 'Self-Service');
    const hugo = await accepts(world, linkIn(await until('the invitation', () => world.letter('hugo@partner.example'))), 'Hugo');
    await ada.at('contoso', '/users?text=hugo');
    await ada.page.locator('input[name=user]').first().check();
    await ada.fill({ action: 'end_sessions' });
    await ada.press('go-on');
    await ada.press('confirm');
    await hugo.go(`${url}/me`);
    check('who is signed out is out', hugo.path.startsWith('/signin'), hugo.page.url());
    await hugo.leave();
    for (const u of some) muster('user', 'disable', 'contoso', u.user_name);
    await act({ action: 'enable' });
    check('switched on, they are', some.every((u) => muster('user', 'show', 'contoso', u.user_name).enabled), await ada.words());
  },
};
