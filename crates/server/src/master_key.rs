//! The master key's file: 64 hexadecimal digits, readable by its owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anamnesis_seal::{MasterKey, Random};

/// Reads the key.
pub(crate) fn read(path: &Path) -> io::Result<MasterKey> {
    let text = fs::read_to_string(path)?;
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "it is not 64 hexadecimal digits");
    let digits: Vec<u8> = text.trim().bytes().collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return Err(bad());
    }
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |d: &u8| char::from(*d).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or_else(bad);
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Ok(MasterKey::from_bytes(&bytes))
}

/// Reads the key, or makes one, synced before it is used.
pub(crate) fn read_or_make(path: &Path, random: &dyn Random) -> io::Result<MasterKey> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path, random),
        other => other,
    }
}

fn make(path: &Path, random: &dyn Random) -> io::Result<MasterKey> {
    let key = MasterKey::generate(random);
    let digits: String = key.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let unfinished = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{digits}")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_and_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = read_or_make(&path, &anamnesis_seal::SystemRandom).unwrap();
        assert_eq!(*read(&path).unwrap().to_bytes(), *made.to_bytes());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "abc").unwrap();
        assert_eq!(read(&path).err().map(|e| e.kind()), Some(io::ErrorKind::InvalidData));
    }
}
