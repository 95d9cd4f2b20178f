//! Reading settings: the file, then the environment, then the flags.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use anamnesis_chart::nearest_of;

use super::error::{Place, SettingError};
use super::flags::Given;
use super::table::{SETTINGS, Setting};
use super::value::{Raw, Shown};
use super::{Settings, file};

/// The file that is read where none is named, if it is there.
const FILE: &str = "anamnesis.toml";
/// Names the file to read.
const FILE_VARIABLE: &str = "ANAMNESIS_CONFIG";
const PREFIX: &str = "ANAMNESIS_";
/// What tests and chores set for themselves; they are no settings.
const NO_SETTINGS: [&str; 5] =
    ["ANAMNESIS_BENCH_AS_IS", "ANAMNESIS_BIN", "ANAMNESIS_BLESS", "ANAMNESIS_SKIPPED", "ANAMNESIS_SYNTHEA"];

/// Settings, and where each came from.
pub(crate) struct Loaded {
    /// What holds.
    pub(crate) settings: Settings,
    /// The file that was read, if there was one.
    pub(crate) file: Option<PathBuf>,
    places: Vec<Place>,
}

impl Loaded {
    /// Each setting with its value and where that came from, in the order of the table.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static Setting, Shown, &Place)> {
        let mut settings = self.settings.clone();
        SETTINGS
            .iter()
            .zip(&self.places)
            .map(move |(setting, place)| (setting, (setting.field)(&mut settings).shown(), place))
    }

    fn put(&mut self, name: &str, place: Place, raw: Raw<'_>) -> Result<(), SettingError> {
        let Some((setting, from)) = SETTINGS.iter().zip(&mut self.places).find(|(s, _)| s.name == name)
        else {
            let nearest = nearest_of(SETTINGS.iter().map(|setting| setting.name), name);
            let nearest = nearest.first().map(|name| (*name).to_owned());
            return Err(SettingError::Unknown { name: name.to_owned(), place, nearest });
        };
        let field = (setting.field)(&mut self.settings);
        let taken = field.accept(raw) && field.number().is_none_or(|number| setting.within.contains(&number));
        if !taken {
            return Err(SettingError::Wrong { name: setting.name, place, expected: setting.expected() });
        }
        *from = place;
        Ok(())
    }
}

/// Reads all settings; `variables` are those of the environment.
///
/// # Errors
///
/// The first that cannot be taken.
pub(crate) fn load(
    given: &Given,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Loaded, SettingError> {
    let mut variables = ours(variables);
    let mut loaded = Loaded {
        settings: Settings::default(),
        file: None,
        places: SETTINGS.iter().map(|_| Place::Default).collect(),
    };
    let named = variables.iter().position(|(name, _)| name == FILE_VARIABLE).map(|at| variables.remove(at).1);
    let named = given.file.clone().or(named.map(PathBuf::from));
    let path = named.clone().unwrap_or_else(|| FILE.into());
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            file::read(&path, &text, &mut |name, place, raw| loaded.put(name, place, raw))?;
            loaded.file = Some(path);
        }
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(SettingError::Unreadable { path, source }),
    }
    environment(&mut loaded, variables)?;
    for (name, flag, words) in &given.flags {
        loaded.put(name, Place::Flag(flag.clone()), Raw::Words(words))?;
    }
    for set in &given.sets {
        let (name, words) = set.split_once('=').ok_or(SettingError::Set)?;
        loaded.put(name.trim(), Place::Flag("--set".into()), Raw::Words(words))?;
    }
    Ok(loaded)
}

/// The variables that begin as ours do, and those that settings share with others, sorted, so that the same ones are always told of first.
fn ours(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, OsString)> {
    let named = variables.map(|(name, value)| (name.to_string_lossy().into_owned(), value));
    let is_shared = |name: &str| SETTINGS.iter().any(|setting| setting.short == Some(name));
    let is_ours = |name: &str| name.starts_with(PREFIX) && !NO_SETTINGS.contains(&name);
    let mut ours: Vec<_> =
        named.filter(|(name, value)| is_ours(name) || (is_shared(name) && !value.is_empty())).collect();
    ours.sort();
    ours
}

fn environment(loaded: &mut Loaded, variables: Vec<(String, OsString)>) -> Result<(), SettingError> {
    let mut seen: Vec<(&str, String)> = Vec::new();
    for (name, value) in variables {
        let place = Place::Environment(name.clone());
        let Some(setting) = SETTINGS.iter().find(|setting| setting.variables().contains(&name)) else {
            let known: Vec<String> = SETTINGS.iter().flat_map(Setting::variables).collect();
            let known = known.iter().map(String::as_str).chain([FILE_VARIABLE]);
            let nearest = nearest_of(known, &name).first().map(|name| (*name).to_owned());
            return Err(SettingError::Unknown {
                name,
                place: Place::Environment("environment".into()),
                nearest,
            });
        };
        if let Some((_, other)) = seen.iter().find(|(seen, _)| *seen == setting.name) {
            return Err(SettingError::Twice { one: other.clone(), other: name });
        }
        let Some(words) = value.to_str() else {
            return Err(SettingError::Wrong { name: setting.name, place, expected: setting.expected() });
        };
        loaded.put(setting.name, place, Raw::Words(words))?;
        seen.push((setting.name, name));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
