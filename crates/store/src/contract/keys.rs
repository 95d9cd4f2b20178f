//! The keys: the first of each holds, a destroyed one never comes back.

use anamnesis_seal::SubjectNumber;

use super::Harness;
use super::sample::{at, open, reopen, tag};
use crate::{KeyRow, Secret};

fn secret(name: &str, wrapped: u8) -> Secret {
    Secret { name: name.into(), wrapped: vec![wrapped; 40] }
}

fn row(subject: u8, number: i64, wrapped: u8) -> KeyRow {
    KeyRow { tag: tag(subject), number: SubjectNumber(number), wrapped: Some(vec![wrapped; 60]) }
}

/// Two processes that both make a new store's secrets end up with the same ones.
pub async fn a_new_store_has_no_secrets_and_keeps_the_first(harness: &impl Harness) {
    let stores = open(harness).await;
    assert_eq!(stores.keys.secrets().await.expect("reads"), []);
    let mut held =
        stores.keys.add_secrets(vec![secret("epoch", 1), secret("claims", 2)]).await.expect("added");
    held.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(held, [secret("claims", 2), secret("epoch", 1)]);
    let mut held =
        stores.keys.add_secrets(vec![secret("epoch", 9), secret("pages", 3)]).await.expect("added");
    held.sort_by(|one, other| one.name.cmp(&other.name));
    let expected = [secret("claims", 2), secret("epoch", 1), secret("pages", 3)];
    assert_eq!(held, expected);
    let stores = reopen(harness, stores).await;
    let mut held = stores.keys.secrets().await.expect("reads");
    held.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(held, expected);
}

/// A subject that has a key keeps it, and whoever comes second is given it.
pub async fn the_first_key_of_a_subject_holds(harness: &impl Harness) {
    let stores = open(harness).await;
    let first = vec![row(1, 11, 1), row(2, i64::MAX, 2)];
    assert_eq!(stores.keys.add(first.clone()).await.expect("added"), first);
    let held = stores.keys.add(vec![row(3, 13, 3), row(1, 21, 9), row(3, 23, 8)]).await.expect("added");
    assert_eq!(held, [row(3, 13, 3), row(1, 11, 1), row(3, 13, 3)]);
    assert_eq!(stores.keys.find_by_number(&[SubjectNumber(21)]).await.expect("reads"), [None]);
    assert_eq!(stores.keys.add(Vec::new()).await.expect("added"), []);
}

/// Of those who come at once, each is given the rows that hold, and nobody fails for another's fault.
pub async fn keys_that_come_at_once_are_each_answered(harness: &impl Harness) {
    let stores = open(harness).await;
    stores.keys.add(vec![row(9, 99, 9)]).await.expect("added");
    let taken = row(8, 99, 8);
    let asked = (0..40_u8).map(|n| match n {
        20 => vec![taken.clone()],
        n => vec![row(n % 5, i64::from(n) + 1, n)],
    });
    let held = futures::future::join_all(asked.map(|rows| stores.keys.add(rows))).await;
    for (n, held) in held.into_iter().enumerate() {
        match n {
            20 => assert!(held.is_err(), "its number is another's"),
            n => {
                let held = held.expect("added");
                let now = stores.keys.find_by_tag(&[tag((n % 5) as u8)]).await.expect("reads");
                assert_eq!(held.into_iter().map(Some).collect::<Vec<_>>(), now);
            }
        }
    }
    assert_eq!(stores.keys.find_by_tag(&[taken.tag]).await.expect("reads"), [None]);
}

/// One answer for each question, in its order, where there is none too.
pub async fn rows_are_found_by_tag_and_number_in_the_order_asked(harness: &impl Harness) {
    let stores = open(harness).await;
    stores.keys.add(vec![row(1, 11, 1), row(2, 12, 2), row(3, 13, 3)]).await.expect("added");
    let found = stores.keys.find_by_tag(&[tag(3), tag(9), tag(1), tag(3)]).await.expect("reads");
    assert_eq!(found, [Some(row(3, 13, 3)), None, Some(row(1, 11, 1)), Some(row(3, 13, 3))]);
    let numbers = [12, 99, 11].map(SubjectNumber);
    let found = stores.keys.find_by_number(&numbers).await.expect("reads");
    assert_eq!(found, [Some(row(2, 12, 2)), None, Some(row(1, 11, 1))]);
    assert_eq!(stores.keys.find_by_tag(&[]).await.expect("reads"), []);
    assert_eq!(stores.keys.find_by_number(&[]).await.expect("reads"), []);
}

/// Two subjects never share a number: the batch that would make them is refused whole.
pub async fn a_number_belongs_to_one_subject(harness: &impl Harness) {
    let stores = open(harness).await;
    stores.keys.add(vec![row(1, 11, 1)]).await.expect("added");
    stores.keys.add(vec![row(2, 12, 2), row(3, 11, 3)]).await.expect_err("the number is taken");
    assert_eq!(stores.keys.find_by_tag(&[tag(2), tag(3)]).await.expect("reads"), [None, None]);
    stores.keys.add(vec![row(3, 13, 3)]).await.expect("added");
}

/// The row stays and the key is gone; adding the subject again gives the tombstone, after a restart too.
pub async fn a_destroyed_key_leaves_a_tombstone_for_ever(harness: &impl Harness) {
    let mut stores = open(harness).await;
    stores.keys.add(vec![row(1, 11, 1), row(2, 12, 2)]).await.expect("added");
    assert!(stores.keys.destroy(SubjectNumber(11), at(1)).await.expect("destroyed"));
    assert!(!stores.keys.destroy(SubjectNumber(11), at(2)).await.expect("was destroyed"));
    assert!(!stores.keys.destroy(SubjectNumber(99), at(2)).await.expect("was never there"));
    let tombstone = KeyRow { wrapped: None, ..row(1, 11, 1) };
    for _ in 0..2 {
        let found = stores.keys.find_by_tag(&[tag(1), tag(2)]).await.expect("reads");
        assert_eq!(found, [Some(tombstone.clone()), Some(row(2, 12, 2))]);
        let found = stores.keys.find_by_number(&[SubjectNumber(11)]).await.expect("reads");
        assert_eq!(found, [Some(tombstone.clone())]);
        for again in [row(1, 11, 1), row(1, 31, 7)] {
            let held = stores.keys.add(vec![again]).await.expect("answers");
            assert_eq!(held.first(), Some(&tombstone));
        }
        stores = reopen(harness, stores).await;
    }
}

/// What was added is there after a restart.
pub async fn keys_outlive_a_restart(harness: &impl Harness) {
    let stores = open(harness).await;
    let rows: Vec<KeyRow> = (1..=200).map(|n| row(n, i64::from(n) << 40, n)).collect();
    stores.keys.add(rows.clone()).await.expect("added");
    let stores = reopen(harness, stores).await;
    let tags: Vec<_> = rows.iter().map(|row| row.tag).collect();
    let found = stores.keys.find_by_tag(&tags).await.expect("reads");
    assert_eq!(found, rows.into_iter().map(Some).collect::<Vec<_>>());
}
