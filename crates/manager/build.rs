//! Takes the files of the API page out of the archive in which they come, as they are compressed there.
//!
//! Owns which files of Swagger UI are embedded. Does not own the page around them: that is `src/api/docs/`.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{Cursor, Read};
use std::path::Path;
use std::{env, fs};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{CompressionMethod, ZipArchive};

/// What the page loads, and the terms under which it may be passed on.
const FILES: [(&str, &str); 4] = [
    ("dist/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("dist/swagger-ui-standalone-preset.js", "text/javascript; charset=utf-8"),
    ("dist/swagger-ui.css", "text/css; charset=utf-8"),
    ("LICENSE", "text/plain; charset=utf-8"),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var("OUT_DIR")?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let mut table = "&[\n".to_owned();
    for (path, kind) in FILES {
        let place = (0..archive.len()).find(|place| {
            let name = archive.name_for_index(*place).and_then(Result::ok);
            // All lies in one folder, which is named after the version.
            name.is_some_and(|name| name.split_once('/').is_some_and(|(_, inside)| inside == path))
        });
        let place = place.ok_or_else(|| format!("the archive of Swagger UI has no {path}"))?;
        let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path);
        let file = Path::new(&folder).join(format!("{name}.gz"));
        fs::write(&file, gzip(&mut archive, place)?)?;
        writeln!(table, "({name:?}, {kind:?}, include_bytes!({file:?}).as_slice()),")?;
    }
    fs::write(Path::new(&folder).join("api_page.in"), table + "]")?;
    Ok(())
}

/// A file as gzip. Both formats hold the same compressed stream: only what stands around it differs.
fn gzip(archive: &mut ZipArchive<Cursor<&[u8]>>, place: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut file = archive.by_index_raw(place)?;
    if file.compression() != CompressionMethod::DEFLATE {
        return Err(format!("{:?} is compressed in another way", file.name()).into());
    }
    let mut all = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.read_to_end(&mut all)?;
    all.extend(file.crc32().to_le_bytes());
    all.extend(u32::try_from(file.size())?.to_le_bytes());
    Ok(all)
}
