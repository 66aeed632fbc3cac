// Roles of one's own: made, changed after a look at who gains and loses, cloned, and not deleted while somebody has them.

import { muster, musterRefuses } from '../../person.mjs';

const role = (name) => muster('role', 'list', 'contoso').items.find((r) => r.name === name);

export const roles = {
  async 'a role is made'({ ada, check }) {
    await ada.at('contoso', '/roles');
    await ada.press('add');
    await ada.fill({ name: 'Packager', description: 'The name is taken', permissions: ['software.view', 'software.add'] });
    await ada.press('make');
    check('a name that is taken is said at the field', await ada.saidAt('name'), await ada.words());
    check('and what was typed stays', await ada.value('description') === 'The name is taken'
      && await ada.page.locator('[name=permissions][value="software.add"]').isChecked(), await ada.words());
    await ada.fill({ name: 'Depot', description: 'Looks after packages' });
    await ada.press('make');
    const made = role('Depot');
    check('it is there', made?.permissions.length === 2 && made.description === 'Looks after packages', JSON.stringify(made));
  },

  async 'a role is changed, after a look'({ ada, check, bert }) {
    // It is done twice: without the script, and with it.
    muster('role', 'edit', 'contoso', role('Packager').id, '--permission', 'software.view', '--permission', 'software.add');
    const packager = role('Packager');
    await ada.at('contoso', `/roles/${packager.id}`);
    await ada.press('edit');
    await ada.fill({ permissions: ['software.manage_versions'] });
    await ada.press('look');
    const seen = await ada.text();
    check('the page says who gains what', (await ada.text('#preview')).includes('bert') && (await ada.text('#more')).includes('software.manage_versions'), seen);
    check('and nothing is saved', role('Packager').permissions.length === packager.permissions.length);
    await ada.press('save');
    check('it is saved', role('Packager').permissions.includes('software.manage_versions'), await ada.words());
    const may = muster('explain', 'contoso', 'bert', 'software.manage_versions');
    check('and Bert may', may.allowed === true, JSON.stringify(may).slice(0, 200) + bert.id);
  },

  async 'a role is cloned'({ ada, check }) {
    await ada.at('contoso', `/roles/${role('Packager').id}`);
    await ada.press('clone');
    await ada.fill({ name: 'Packager two' });
    await ada.press('make');
    const [one, two] = [role('Packager'), role('Packager two')];
    check('it permits the same', two && one.permissions.join() === two.permissions.join(), JSON.stringify(two));
  },

  async 'a role that somebody has is not deleted'({ ada, check }) {
    const { id } = role('Packager');
    await ada.at('contoso', `/roles/${id}`);
    await ada.press('delete');
    check('the page says who has it', await ada.has('in-use') && (await ada.text()).includes('bert'), await ada.words());
    check('and has no button to do it', await ada.page.locator('main form[method=post]').count() === 0);
    check('the API refuses as well', /use|has it|bert/i.test(musterRefuses('role', 'delete', 'contoso', id, '--yes')));
  },

  async 'a role that nobody has is deleted'({ ada, check }) {
    await ada.at('contoso', `/roles/${role('Packager two').id}`);
    await ada.press('delete');
    await ada.press('delete');
    check('it is gone', !role('Packager two'), await ada.words());
  },
};
