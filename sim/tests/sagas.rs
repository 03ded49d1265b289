//! What CI says of the sagas: played with faults at their points they end well, and bugs in them are found.
//! The whole is `cargo xtask sim --sagas`.

use techtrove_sim::{
    Options,
    sagas::{SCENARIOS, Sample, address, scenario, survey},
};

/// Of how many faults CI tries one; each saga begins at another. A message meets six faults and a commit two,
/// so that a number with no factor in common with them comes past each.
const STRIDE: usize = 17;

#[test]
fn every_saga_ends_well_with_faults_at_its_points() {
    for (from, saga) in SCENARIOS.iter().enumerate() {
        let sample = Sample { of: STRIDE, from: from % STRIDE };

        let survey = survey(saga, sample, Options::default(), || {}).expect("it can be played");

        let found: Vec<String> = survey
            .found
            .iter()
            .map(|found| format!("{} {:?}", address(saga, found.strike), found.violations))
            .collect();
        assert_eq!(found, Vec::<String>::new(), "cargo xtask sim --saga {}", saga.name);
        assert!(survey.runs > 0, "{}: {survey:?}", saga.name);
    }
}

#[test]
fn bugs_in_sagas_are_found() {
    for (plant, saga) in [
        ("capture-forgotten", "place"),
        ("restock-twice", "cancel"),
        ("refund-without-key", "refund"),
        ("step-taken-before-stored", "place"),
    ] {
        let options = Options { plant: Some(plant), ..Options::default() };
        let saga = scenario(saga).expect("there is such a saga");

        let survey = survey(saga, Sample { of: 3, from: 0 }, options, || {}).expect("it is played");

        assert!(!survey.found.is_empty(), "{plant} in {}: {survey:?}", saga.name);
    }
}
