//! Line plots as SVG, written on the server: coordinates only; colours are the style sheet's.

use std::fmt::Write as _;

use askama::Template;

/// The width and height that lines are drawn in.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

/// Values at equal distances, the oldest first.
pub(super) struct Series {
    /// What they are.
    pub(super) label: &'static str,
    /// `None` where there is nothing to draw.
    pub(super) values: Vec<Option<f64>>,
}

impl Series {
    fn most(&self) -> f64 {
        self.values.iter().flatten().copied().fold(0.0, f64::max)
    }

    fn last(&self) -> Option<f64> {
        self.values.iter().rev().find_map(|value| *value)
    }
}

/// A line of a plot.
struct Line {
    label: &'static str,
    path: String,
    most: String,
    last: String,
}

/// A plot, which is written by `{{ plot|safe }}`.
#[derive(Template)]
#[template(path = "plot.html")]
pub(super) struct Plot {
    title: &'static str,
    begin: &'static str,
    top: String,
    middle: String,
    lines: Vec<Line>,
}

impl Plot {
    /// A plot of values in `unit` that begin at the time `begin` says.
    pub(super) fn new(title: &'static str, unit: &str, begin: &'static str, series: Vec<Series>) -> Self {
        let top = round_up(series.iter().map(Series::most).fold(0.0, f64::max));
        let line = |series: Series| Line {
            label: series.label,
            path: path(&series.values, top),
            most: amount(series.most(), unit),
            last: series.last().map_or_else(|| "–".to_owned(), |last| amount(last, unit)),
        };
        Self {
            title,
            begin,
            top: amount(top, unit),
            middle: amount(top / 2.0, unit),
            lines: series.into_iter().map(line).collect(),
        }
    }
}

/// The next of 1, 2, 5, 10, 20, 50, …
fn round_up(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(most.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|top| *top >= most).unwrap_or(most)
}

/// The path of a line; a value without neighbours is a dot.
fn path(values: &[Option<f64>], top: f64) -> String {
    let mut path = String::new();
    let mut pen_is_down = false;
    #[expect(clippy::cast_precision_loss, reason = "a plot")]
    let step = WIDTH / (values.len().max(2) - 1) as f64;
    for (n, value) in values.iter().enumerate() {
        let Some(value) = value else {
            pen_is_down = false;
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "a plot")]
        let (x, y) = (step * n as f64, HEIGHT - HEIGHT * value / top);
        let command = if pen_is_down { "L" } else { "M" };
        write!(path, "{command}{x:.1} {y:.1}").expect("a string takes everything");
        if !pen_is_down {
            path.push_str("h0.1");
        }
        pen_is_down = true;
    }
    path
}

/// A value with a prefix of its unit, in at most three digits.
fn amount(value: f64, unit: &str) -> String {
    // Of microseconds there are thousands that have names of their own.
    let steps: &[(f64, &str)] = match unit {
        "µs" => &[(1e6, "s"), (1e3, "ms"), (1.0, "µs")],
        _ => &[(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")],
    };
    let (scale, prefix) =
        steps.iter().find(|(scale, _)| value >= *scale).or(steps.last()).copied().unwrap_or((1.0, ""));
    let unit = if unit == "µs" { "" } else { unit };
    let scaled = value / scale;
    let digits = usize::from(scaled < 100.0 && scaled.fract() != 0.0);
    format!("{scaled:.digits$} {prefix}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short_and_have_the_unit_s_prefix() {
        for (value, unit, shown) in [
            (0.0, "B/s", "0 B/s"),
            (1500.0, "B/s", "1.5 kB/s"),
            (123_456_789.0, "B/s", "123 MB/s"),
            (0.5, "/s", "0.5 /s"),
            (512.0, "µs", "512 µs"),
            (2048.0, "µs", "2.0 ms"),
            (8_388_608.0, "µs", "8.4 s"),
        ] {
            assert_eq!(amount(value, unit), shown);
        }
    }

    #[test]
    fn a_line_is_broken_where_there_is_nothing_and_stays_within_its_frame() {
        let values = [Some(0.0), Some(10.0), None, Some(5.0)];
        assert_eq!(path(&values, 10.0), "M0.0 120.0h0.1L200.0 0.0M600.0 60.0h0.1");
        let tops = [0.0, 0.3, 1.0, 3.0, 7.0, 5000.0].map(|most| round_up(most).to_string());
        assert_eq!(tops, ["1", "0.5", "1", "5", "10", "5000"]);
    }
}
