//! Every scenario file of the workspace can be told.

use std::fs;
use std::path::Path;

use testkit::scenario::Scenario;

#[test]
fn every_scenario_can_be_told_and_expects_something() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tls-stall/tests/scenarios");
    let mut told = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        match Scenario::parse(&text) {
            Ok(scenario) => {
                assert!(!scenario.wire.frames().is_empty(), "{}", path.display());
                let expects = !scenario.expect.is_empty() || scenario.stalls.is_some();
                assert!(expects, "{} expects nothing", path.display());
            }
            Err(error) => unreachable!("{}: {error}", path.display()),
        }
        told += 1;
    }
    assert!(told >= 4, "only {told} scenarios were found");
}
