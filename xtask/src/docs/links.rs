//! Links between pages: the file is there, and the heading in it.

use std::fs;
use std::path::Path;

/// Checks the links of a page that lead to files of the repository.
pub(super) fn check(path: &Path, page: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    for link in page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
        if link.contains("://") {
            continue;
        }
        let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
        let target = if file.is_empty() { path.to_owned() } else { folder.join(file) };
        if !target.exists() {
            return Err(format!("the link {link} leads nowhere"));
        }
        if let Some(heading) = heading {
            let text = fs::read_to_string(&target).map_err(|error| format!("{link}: {error}"))?;
            if !headings(&text).any(|known| known == heading) {
                return Err(format!("the link {link} leads to no heading"));
            }
        }
    }
    Ok(())
}

/// The names by which headings can be linked to.
fn headings(page: &str) -> impl Iterator<Item = String> {
    page.lines().filter(|line| line.starts_with('#')).map(|line| {
        let kept = line.trim_start_matches('#').trim().to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_files_and_headings_that_are_there() {
        let page = Path::new("src/page.md");
        for (text, is_good) in [
            ("[a](docs.rs) [b](https://absent.example/x) [c](../Cargo.toml)", true),
            ("[a](absent.rs)", false),
            ("[a](../../docs/cli.md#which-server-and-who-asks)", true),
            ("[a](../../docs/cli.md#absent)", false),
        ] {
            assert_eq!(check(page, text).is_ok(), is_good, "{text}");
        }
    }
}
