//! Names by which a person can tell products apart. A name always begins with the source's; where
//! several products of a category share it, as few of their differences as needed follow in brackets,
//! in words from `phrase`. No two products of a category may end up with the same name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    group::{AXES, Listing, traits},
    phrase::phrase,
    source::Specs,
};

/// A draft that was split off names its variants up to this many, then it counts them.
const MAX_NAMED_VARIANTS: usize = 3;

/// Follows from a kit's speed and CAS latency, which say more to a buyer.
const LAST_RESORT: &str = "first_word_latency";

/// Names the listings of all categories.
pub fn name_apart(listings: &mut [Listing<'_>]) {
    let mut same_name: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, listing) in listings.iter().enumerate() {
        let row = listing.first_row();
        same_name.entry((&row.category, &row.name)).or_default().push(index);
    }
    for block in same_name.into_values() {
        let mut labels = vec![String::new(); block.len()];
        let members: Vec<usize> = (0..block.len()).collect();
        let of_block: Vec<&Listing<'_>> = block.iter().map(|&index| &listings[index]).collect();
        label(&of_block, &members, &mut labels);
        for (index, label) in block.into_iter().zip(labels) {
            if !label.is_empty() {
                let listing = &mut listings[index];
                listing.name = format!("{} ({label})", listing.name);
            }
        }
    }
    settle_ties(listings);
}

/// Labels the `members` of a block by the first trait in which they differ, then each part by itself.
fn label(block: &[&Listing<'_>], members: &[usize], labels: &mut [String]) {
    if members.len() < 2 {
        return;
    }
    let Some(key) = telling_key(block, members) else {
        return label_drafts(block, members, labels);
    };
    let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for &member in members {
        let row = block[member].first_row();
        let value = row.specs.get(key).unwrap_or(&Value::Null);
        extend(&mut labels[member], ", ", &phrase(&row.category, key, value));
        parts.entry(value.to_string()).or_default().push(member);
    }
    for part in parts.values() {
        label(block, part, labels);
    }
}

/// The trait to tell them apart by: one that all of them state if there is one, in the source's order.
fn telling_key<'a>(block: &[&Listing<'a>], members: &[usize]) -> Option<&'a str> {
    let specs: Vec<_> = members.iter().map(|&member| &block[member].first_row().specs).collect();
    let first = specs.first()?;
    traits(first)
        .filter(|(key, value)| specs.iter().any(|other| other.get(*key) != Some(*value)))
        .map(|(key, _)| key)
        .min_by_key(|key| {
            let stated = specs.iter().all(|specs| specs.get(*key).is_some_and(|v| !v.is_null()));
            (!stated, *key == LAST_RESORT)
        })
}

/// Of listings with the same traits one is sold and the other its draft: the draft says what it holds.
fn label_drafts(block: &[&Listing<'_>], members: &[usize], labels: &mut [String]) {
    let family: Vec<&Specs> = members
        .iter()
        .flat_map(|&member| &block[member].variants)
        .map(|variant| &variant.row.specs)
        .collect();
    let differs = |axis: &&str| family.iter().any(|specs| specs.get(*axis) != family[0].get(*axis));
    let axes: Vec<&str> = AXES.into_iter().filter(differs).collect();
    for &member in members {
        if block[member].is_draft() {
            extend(&mut labels[member], "; ", &held_variants(block[member], &axes));
        }
    }
}

fn held_variants(listing: &Listing<'_>, axes: &[&str]) -> String {
    if listing.variants.len() > MAX_NAMED_VARIANTS {
        return format!("{} more variants", listing.variants.len());
    }
    let named = listing.variants.iter().map(|variant| {
        let row = variant.row;
        let values: Vec<String> = axes
            .iter()
            .filter_map(|axis| Some((axis, row.specs.get(*axis)?)))
            .map(|(axis, value)| phrase(&row.category, axis, value))
            .collect();
        values.join(" ")
    });
    named.collect::<Vec<_>>().join(", ")
}

fn extend(label: &mut String, separator: &str, words: &str) {
    if !label.is_empty() {
        label.push_str(separator);
    }
    label.push_str(words);
}

/// Names that still meet (one source name may read like another one's label) take the SKU's end.
fn settle_ties(listings: &mut [Listing<'_>]) {
    let mut taken: BTreeSet<(&str, String)> = BTreeSet::new();
    for listing in listings {
        let row = listing.first_row();
        if !taken.insert((&row.category, listing.name.clone())) {
            let end = row.sku.rsplit('-').next().unwrap_or(&row.sku);
            listing.name = format!("{} [{end}]", listing.name);
            taken.insert((&row.category, listing.name.clone()));
        }
    }
}
