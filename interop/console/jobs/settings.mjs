// What a company demands, how its letters look, and what is the installation's: keys, a test letter.

import { muster, until } from '../../person.mjs';

export const settings = {
  async 'the policy is changed'({ ada, check }) {
    await ada.at('contoso', '/policy');
    const before = muster('policy', 'show', 'contoso');
    await ada.fill({ 'sessions.idle': '9', 'sessions.idle.unit': 's' });
    await ada.press('lasting-save');
    check('too short a session is said at the field', await ada.saidAt('sessions.idle'), await ada.words());
    check('and what was typed stays', await ada.value('sessions.idle') === '9' && await ada.value('sessions.idle.unit') === 's', await ada.value('sessions.idle'));
    check('and nothing is changed', JSON.stringify(muster('policy', 'show', 'contoso')) === JSON.stringify(before));
    await ada.at('contoso', '/policy');
    await ada.fill({ 'permissions.new': 'users.delete', 'permissions.new.class': 'mfa' });
    await ada.button('Save', '#permissions-form');
    const after = muster('policy', 'show', 'contoso');
    check('a permission demands more', JSON.stringify(after).includes('users.delete'), JSON.stringify(after));
    await ada.page.locator('#permissions-form [name=drop][value="users.delete"]').check();
    await ada.button('Save', '#permissions-form');
    check('and no more', !JSON.stringify(muster('policy', 'show', 'contoso')).includes('users.delete'), await ada.words());
  },

  async 'letters look like the company’s'({ ada, check }) {
    await ada.at('contoso', '/mail');
    await ada.fill({ display_name: 'Contoso IT', colour: 'yellow' });
    await ada.press('looks-save');
    check('a colour that is none is said at the field', await ada.saidAt('colour') && await ada.value('display_name') === 'Contoso IT', await ada.words());
    await ada.fill({ colour: '#1f5fbf' });
    await ada.press('looks-save');
    const looks = (await ada.api('/tenants/contoso/letters')).body;
    check('it is saved', looks.display_name === 'Contoso IT' && looks.colour === '#1f5fbf', JSON.stringify(looks));
  },

  async 'the signing keys are rotated'({ ada, check, url }) {
    const published = async () => (await (await fetch(`${url}/oauth/jwks`)).json()).keys.map((k) => k.kid).sort();
    const before = await published();
    await ada.go(`${url}/admin/system`);
    await ada.press('rotate');
    await ada.press('rotate');
    const after = await until('the new keys', async () => { const now = await published(); return now.length > before.length && now; });
    check('new keys are published, the old ones stay', before.every((k) => after.includes(k)), `${before} ${after}`);
  },

  async 'a test letter is sent'({ ada, check, url, letter }) {
    await ada.go(`${url}/admin/system`);
    await ada.fill({ to: 'a@b' });
    await ada.button('Send a test letter');
    check('an address that is none is said at the field', (await ada.saidAt('to') || await ada.has('tested')) && await ada.value('to') === 'a@b', await ada.words());
    await ada.fill({ to: 'tester@provider.example' });
    await ada.button('Send a test letter');
    const came = await until('the test letter', () => letter('tester@provider.example'));
    check('it came', Boolean(came.text), JSON.stringify(came));
    check('and the page says that it was taken', (await ada.text('#tested')).includes('tester@provider.example'), await ada.words());
  },

  async 'the installation is looked over'({ ada, check, url }) {
    await ada.go(`${url}/admin/health`);
    ada.page.setDefaultTimeout(60_000);
    await ada.press('run');
    ada.page.setDefaultTimeout(20_000);
    check('the page says what is well and what to mend', await ada.has('verdict') && /What is well/.test(await ada.text()), await ada.words());
  },
};
