//! What holds, where it came from, and what is refused.

use std::path::Path;

use super::*;

/// Loads what a file, the environment and flags say; the file is `anamnesis.toml` of a folder of its own.
fn loaded(
    toml: &str,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &str)],
    sets: &[&str],
) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("anamnesis.toml");
    std::fs::write(&path, toml).unwrap();
    let given = Given {
        file: Some(path),
        flags: flags.iter().map(|(name, words)| (*name, format!("--{name}"), (*words).to_owned())).collect(),
        sets: sets.iter().map(|set| (*set).to_owned()).collect(),
    };
    let variables = environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let folder = format!("{}/", folder.path().display());
    load(&given, variables).map_err(|error| error.to_string().replace(&folder, ""))
}

/// The value of one setting, and the kind of place it came from.
fn of(loaded: &Loaded, name: &str) -> (String, &'static str) {
    let (_, shown, place) = loaded.rows().find(|(setting, ..)| setting.name == name).unwrap();
    (shown.words(), place.kind())
}

#[test]
fn the_later_wins() {
    const NAME: &str = "limits.count_max";
    const VARIABLE: (&str, &str) = ("ANAMNESIS_LIMITS_COUNT_MAX", "30");
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // file                            environment    flags                sets                       holds
        ("",                            &[][..],       &[][..],             &[][..],                   ("1000", "default")),
        ("limits.count_max = 2_0",      &[],           &[],                 &[],                       ("20", "file")),
        ("[limits]\ncount_max = 0x14",  &[],           &[],                 &[],                       ("20", "file")),
        ("limits.count_max = 20",       &[VARIABLE],   &[],                 &[],                       ("30", "environment")),
        ("limits.count_max = 20",       &[VARIABLE],   &[(NAME, "40")],     &[],                       ("40", "flag")),
        ("limits.count_max = 20",       &[VARIABLE],   &[(NAME, "40")],     &["limits.count_max=50"],  ("50", "flag")),
        ("[limits]",                    &[VARIABLE],   &[],                 &[],                       ("30", "environment")),
    ];
    for (toml, environment, flags, sets, (value, place)) in cases {
        let loaded = loaded(toml, environment, flags, sets).unwrap();
        assert_eq!(of(&loaded, NAME), (value.to_owned(), place), "{toml}");
    }
}

#[test]
fn every_kind_of_value() {
    let toml = "data = \"here\"\nlisten = \"[::1]:80\"\nlog.json = true\n\
                [limits]\nshutdown_ms_max = 250\n[keys]\nmaster = \"/keys/master.key\"\n";
    let short = [
        ("ANAMNESIS_LOG", "debug"),
        ("ANAMNESIS_BODY_BYTES_MAX", "2000"),
        ("HOME", "x"),
        ("ANAMNESIS_BIN", "x"),
    ];
    let loaded = loaded(toml, &short, &[], &[]).unwrap();
    let settings = &loaded.settings;
    assert_eq!(settings.data, Path::new("here"));
    assert_eq!(settings.listen, "[::1]:80".parse().unwrap());
    assert!(settings.log_json);
    assert_eq!(settings.limits.shutdown.as_millis(), 250);
    assert_eq!(settings.master_key(), Path::new("/keys/master.key"));
    assert_eq!(settings.log_level.0, "debug");
    assert_eq!(settings.limits.body_bytes_max, 2_000);
    assert_eq!(Settings::default().master_key(), Path::new("anamnesis-data/master.key"));
}

#[test]
fn refusals() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // file                                  environment                             sets                what is said
        ("\nlisten = 8080",                   &[][..],                                &[][..],            "listen (anamnesis.toml:2): expected an address and a port, such as \"127.0.0.1:8080\""),
        ("[limits]\n\ncount_max = \"5\"",     &[],                                    &[],                "limits.count_max (anamnesis.toml:3): expected a whole number from 1 to 10000"),
        ("limits.count_max = 0",              &[],                                    &[],                "limits.count_max (anamnesis.toml:1): expected a whole number from 1 to 10000"),
        ("limits.count_max = -1",             &[],                                    &[],                "limits.count_max (anamnesis.toml:1): expected a whole number from 1 to 10000"),
        ("limits.count_max = 1.5",            &[],                                    &[],                "limits.count_max (anamnesis.toml:1): expected a whole number from 1 to 10000"),
        ("log.json = \"true\"",               &[],                                    &[],                "log.json (anamnesis.toml:1): expected true or false"),
        ("[limits]\ncuont_max = 5",           &[],                                    &[],                "there is no setting limits.cuont_max (anamnesis.toml:2); perhaps limits.count_max is meant"),
        ("snapshot.every = 100",              &[],                                    &[],                "there is no setting snapshot.every (anamnesis.toml:1)"),
        ("data = [\"a\"]",                    &[],                                    &[],                "data (anamnesis.toml:1): expected a path"),
        ("data = {a = 1}",                    &[],                                    &[],                "there is no setting data.a (anamnesis.toml:1); perhaps data is meant"),
        ("data = \"a\"\ndata = \"b\"",        &[],                                    &[],                "anamnesis.toml:2 is not TOML: duplicate key"),
        ("data = \n",                         &[],                                    &[],                "anamnesis.toml:1 is not TOML: string values must be quoted, expected literal string"),
        ("",                                  &[("ANAMNESIS_LISTN", "x")],            &[],                "there is no setting ANAMNESIS_LISTN (environment); perhaps ANAMNESIS_LISTEN is meant"),
        ("",                                  &[("ANAMNESIS_LISTEN", "x")],           &[],                "listen (ANAMNESIS_LISTEN): expected an address and a port, such as \"127.0.0.1:8080\""),
        ("",                                  &[("ANAMNESIS_LOG", "debug"), ("ANAMNESIS_LOG_LEVEL", "info")], &[], "ANAMNESIS_LOG and ANAMNESIS_LOG_LEVEL are the same setting: leave one out"),
        ("",                                  &[],                                    &["limits.count_max"], "--set takes NAME=VALUE"),
        ("",                                  &[],                                    &["log.level=nothing=x=y"], "log.level (--set): expected error, warn, info, debug, trace, or a filter such as \"anamnesis=debug\""),
        ("",                                  &[],                                    &["validatoin=strict"], "there is no setting validatoin (--set); perhaps validation is meant"),
    ];
    for (toml, environment, sets, said) in cases {
        assert_eq!(loaded(toml, environment, &[], sets).err().as_deref(), Some(said), "{toml}");
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let given = Given { file: Some("/nowhere/anamnesis.toml".into()), ..Given::default() };
    let refused = load(&given, std::iter::empty()).err().unwrap();
    assert_eq!(refused.to_string(), "the settings in /nowhere/anamnesis.toml cannot be read");
    let variables = [(OsString::from("ANAMNESIS_CONFIG"), OsString::from("/nowhere/else.toml"))];
    assert!(load(&Given::default(), variables.into_iter()).is_err());
    // Where none is named, none need be there.
    assert!(load(&Given::default(), std::iter::empty()).unwrap().file.is_none());
}

#[test]
fn a_variable_shared_with_others_is_read_where_it_says_something() {
    const SHARED: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let otlp = |value| loaded("", &[(SHARED, value), ("OTEL_SERVICE_NAME", "x")], &[], &[]);
    assert_eq!(of(&otlp("http://here:4318/").unwrap(), "telemetry.otlp").0, "http://here:4318");
    assert_eq!(of(&otlp("").unwrap(), "telemetry.otlp"), ("-".to_owned(), "default"));
    assert!(otlp("here:4318").err().unwrap().contains(SHARED));
}
