//! This machine's clock and the server's agree: signatures are valid for a quarter of an hour.

use super::{Check, Finding, Findings, Run, Server};
use crate::cli::{Failure, Reason};
use crate::http;
use crate::serve::now;

pub(super) const CHECK: Check = Check { name: "clock", run: Run::Server(check) };

/// How far apart is worth a warning, and from where on requests are refused.
const APART_S: i64 = 30;
const REFUSED_S: i64 = 900;

fn check(server: &mut Server) -> Findings {
    let unknown = |what: String| Failure::new(Reason::Unreachable, what).next("see `reached`");
    let answer = http::get(&server.endpoint, "/healthz").map_err(|error| unknown(error.to_string()))?;
    let theirs = http::header(&answer, "date").and_then(seconds);
    let theirs = theirs.ok_or_else(|| unknown("the server does not say what time it is".to_owned()))?;
    let apart = now().unix_ms() / 1000 - theirs;
    let what = format!(
        "this machine's clock is {} s {} the server's",
        apart.abs(),
        if apart < 0 { "behind" } else { "ahead of" }
    );
    let remedy = "set both by NTP: `timedatectl set-ntp true`, or chrony";
    Ok(match apart.abs() {
        REFUSED_S.. => vec![Finding::error(format!("{what}: every request is refused"), remedy)],
        APART_S.. => vec![Finding::warning(what, remedy)],
        _ => Vec::new(),
    })
}

/// Seconds since the epoch of an HTTP date, `Thu, 26 Nov 2026 03:44:00 GMT`.
fn seconds(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split([' ', ':']).collect();
    let [_, day, month, year, hour, minute, second, "GMT"] = words[..] else { return None };
    let number = |text: &str| text.parse::<i64>().ok();
    let month = 1 + i64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()?;
    // Days from civil (Howard Hinnant): years begin in March.
    let year = number(year)? - i64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + number(day)? - 1;
    let days = year.div_euclid(400) * 146_097 + year.rem_euclid(400) * 365 + year.rem_euclid(400) / 4
        - year.rem_euclid(400) / 100
        + of_year
        - 719_468;
    Some(((days * 24 + number(hour)?) * 60 + number(minute)?) * 60 + number(second)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(seconds("Tue, 29 Feb 2000 12:00:00 GMT"), Some(951_825_600));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT"), None);
    }
}
