// Users: added with a role and an invitation, changed, switched off and on, many at once, deleted.

import { muster, musterRefuses, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';

const show = (who) => muster('user', 'show', 'contoso', who);

// Bert at his own account, with a password beside his company's login.
async function bertSignsIn(world) {
  const bert = await Clerk.enter(world, 'Bert');
  await bert.go(`${world.url}/signin?tenant=contoso`);
  const folded = bert.page.locator('#local summary');
  if (await folded.count() && !await bert.page.locator('#user_name').isVisible()) await folded.click();
  await bert.type({ user_name: 'bert', password: 'seven quiet harbour lanterns' });
  await bert.press('sign-in');
  return bert;
}

export const people = {
  async 'a user is added with a role and invited'({ ada, check, letter }) {
    const { items } = (await ada.api('/tenants/contoso/roles?limit=50')).body;
    const technician = items.find((r) => r.name === 'Technician').id;
    await ada.at('contoso', '/users');
    await ada.press('add');
    await ada.fill({ email: 'nora@contoso.example', display_name: 'Nora Nilsen', user_name: 'bert', role: [technician], how: 'letter' });
    await ada.press('save');
    check('a name that somebody has is said at the field', await ada.saidAt('user_name') && ada.answer.status() >= 400, await ada.words());
    check('and what was typed stays', await ada.value('display_name') === 'Nora Nilsen' && await ada.value('email') === 'nora@contoso.example'
      && await ada.page.locator(`[name=role][value="${technician}"]`).isChecked(), await ada.words());
    await ada.fill({ user_name: '' });
    await ada.press('save');
    const nora = show('nora@contoso.example');
    check('the user is there', nora.display_name === 'Nora Nilsen' && nora.kind === 'tenant', JSON.stringify(nora));
    check('a redirect to a page that says so', ada.answer.request().method() === 'GET' && await ada.has('done'), await ada.words());
    const { pending } = (await ada.api(`/tenants/contoso/users/${nora.id}/access`)).body;
    check('with the role, once they accept', pending.length === 1 && pending[0].role.name === 'Technician', JSON.stringify(pending));
    const came = await until('the invitation', () => letter('nora@contoso.example'));
    check('the invitation came', /\/invite\//.test(came.text), came.text);
  },

  async 'a user is changed'({ ada, check }) {
    const { id } = show('bert');
    await ada.at('contoso', `/users/${id}`);
    await ada.press('edit');
    await ada.fill({ user_name: 'gina', display_name: 'Bert Dahl-Berg' });
    await ada.press('save');
    check('a name that somebody has is said at the field', await ada.saidAt('user_name'), await ada.words());
    check('and what was typed stays', await ada.value('display_name') === 'Bert Dahl-Berg', await ada.value('display_name'));
    await ada.fill({ user_name: 'bert' });
    await ada.press('save');
    check('it is saved', show('bert').display_name === 'Bert Dahl-Berg' && await ada.has('done'), JSON.stringify(show('bert')));
  },

  async 'a change is not written over another'({ ada, check }) {
    const { id } = show('bert');
    await ada.at('contoso', `/users/${id}/edit`);
    muster('user', 'edit', 'contoso', 'bert', '--display-name', 'Bert Elsewhere');
    await ada.fill({ display_name: 'Bert From Here' });
    await ada.press('save');
    check('somebody was faster, and the page says so', show('bert').display_name === 'Bert Elsewhere' && await ada.has('problem'), await ada.words());
    check('and what was typed stays', await ada.value('display_name') === 'Bert From Here', await ada.value('display_name'));
  },

  async 'a user is switched off and on'(world) {
    const { ada, check } = world;
    const bert = await bertSignsIn(world);
    await bert.go(`${world.url}/me`);
    check('Bert is signed in', bert.path === '/me', await bert.words());
    const { id } = show('bert');
    await ada.at('contoso', '/users');
    await ada.fill({ text: 'bert' });
    await ada.press('search');
    await ada.click('Bert Elsewhere', { exact: false });
    await ada.press('switch');
    check('it is off', show('bert').enabled === false && await ada.has('done'), await ada.words());
    const refused = (await bert.context.request.get(`${world.url}/api/v1/me`)).status();
    await bert.go(`${world.url}/me`);
    check('his session is refused at once', refused === 401 && bert.path !== '/me', `${refused} ${bert.page.url()}`);
    await bert.leave();
    await ada.at('contoso', `/users/${id}`);
    await ada.press('switch');
    check('and on', show('bert').enabled === true, JSON.stringify(show('bert')));
    const again = await bertSignsIn(world);
    check('he signs in again', again.path.startsWith('/me'), await again.words());
    await again.leave();
  },

  async 'many are switched off'({ ada, check, named }) {
    // All of one first name, so that a search has them on one page.
    const some = [30, 42, 54].map((i) => show(named[i]));
    // It is done twice: without the script, and with it.
    for (const u of some.filter((s) => !s.enabled)) muster('user', 'enable', 'contoso', u.user_name);
    await ada.at('contoso', `/users?text=${some[0].display_name.split(' ')[0]}`);
    for (const { id } of some) await ada.page.locator(`[id="user-${id}"] input[name=user]`).check();
    await ada.fill({ action: 'disable' });
    await ada.press('go-on');
    check('the next page says what would become of each, and nothing has happened',
      await ada.page.locator('#rows tbody tr').count() === 3 && show(some[0].user_name).enabled, await ada.words());
    await ada.press('confirm');
    check('all are off', some.every((u) => show(u.user_name).enabled === false), await ada.words());
    check('with a row for each', await ada.page.locator('#rows tbody tr').count() === 3, await ada.words());
  },

  async 'none is ticked'({ ada, check }) {
    await ada.at('contoso', '/users');
    await ada.fill({ action: 'disable' });
    await ada.press('go-on');
    check('and the page says so', await ada.has('problem'), await ada.words());
  },

  async 'a user is deleted'({ ada, check }) {
    const { id } = muster('user', 'add', 'contoso', 'vera', '--display-name', 'Vera Kurz', '--email', 'vera@contoso.example');
    muster('grant', 'add', 'contoso', 'vera', 'Packager');
    await ada.at('contoso', `/users/${id}`);
    await ada.press('delete');
    check('the page says what goes', /Packager|role/.test(await ada.text('#goes')) && (await ada.text('#goes')).includes('Vera Kurz'), await ada.text('#goes'));
    check('and nothing has gone', show('vera').id === id);
    await ada.press('confirm');
    check('they are gone', /no |not found|unknown/i.test(musterRefuses('user', 'show', 'contoso', 'vera')), await ada.words());
    const left = muster('grant', 'list', 'contoso').items.filter((g) => g.user === id);
    check('with their role', left.length === 0, JSON.stringify(left));
  },
};
