//! The end of a directory.

use super::world::World;
use crate::story;
use muster::{
    access::perm::{SystemEditSettings, SystemViewSettings, UsersView},
    directories,
    error::Kind,
    provisioning,
    users::{self, Search},
};

story!(async fn a_directory_goes_with_everybody_it_brought(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let other = w.scim(&w.directory(acme.id, "Okta").await).await;
    let kept = w.user(&other, "kept@example.com").await;
    let u = w.people(&p, 230).await;
    for i in 0..3 {
        w.group(&p, &format!("G{i}"), &u).await;
    }
    let cookie = w.signs_in(&users::get(&w.store, &p, u[7]).await.unwrap()).await;
    let stays = w.signs_in(&kept).await;
    let may = w.may::<SystemEditSettings>(acme.id).await;
    directories::token_create(&w.store, &w.access, &may, d.id, None).await.unwrap();
    let gone = provisioning::delete_directory(&w.store, &may, d.id, None).await.unwrap();
    assert_eq!((gone.users, gone.groups), (230, 3));
    assert!(!w.signed_in(&cookie).await && w.signed_in(&stays).await);
    let v = w.may::<SystemViewSettings>(acme.id).await;
    assert_eq!(directories::get(&w.store, &v, d.id).await.unwrap_err().kind(), Kind::NotFound);
    let v = w.may::<UsersView>(acme.id).await;
    let left = users::search(&w.store, &v, &Search::default()).await.unwrap();
    assert_eq!((left.len(), left[0].id), (1, kept.id));
    let e = provisioning::delete_directory(&w.store, &may, d.id, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
});

story!(async fn a_deletion_takes_nothing_of_another_tenant(t) {
    let w = World::new(&t.store);
    let (acme, d, _) = w.company("acme", false).await;
    let (beta, _, _) = w.company("beta", false).await;
    let may = w.may::<SystemEditSettings>(beta.id).await;
    let e = provisioning::delete_directory(&w.store, &may, d.id, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
    let v = w.may::<SystemViewSettings>(acme.id).await;
    assert_eq!(directories::get(&w.store, &v, d.id).await.unwrap().id, d.id);
});
