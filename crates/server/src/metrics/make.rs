//! Makes instruments and puts them into the registry, each at zero with every value its label can have.

use prometheus::core::Collector;
use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, Result,
};

/// What comes before every name.
const PREFIX: &str = "anamnesis_";

/// A label, and every value it can have.
type Label<'a> = (&'a str, &'a [&'a str]);

/// A registry to be filled.
#[derive(Default)]
pub(super) struct Make(Registry);

impl Make {
    /// What was made.
    pub(super) fn done(self) -> Registry {
        self.0
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.keep(IntCounter::with_opts(named(name, help))?)
    }

    /// A counter of seconds.
    pub(super) fn seconds(&self, name: &str, help: &str) -> Result<Counter> {
        self.keep(Counter::with_opts(named(name, help))?)
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[Label<'_>]) -> Result<IntCounterVec> {
        let names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
        let made = self.keep(IntCounterVec::new(named(name, help), &names)?)?;
        for values in every(labels) {
            made.get_metric_with_label_values(&values)?;
        }
        Ok(made)
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.keep(IntGauge::with_opts(named(name, help))?)
    }

    pub(super) fn gauges(&self, name: &str, help: &str, label: Label<'_>) -> Result<IntGaugeVec> {
        let made = self.keep(IntGaugeVec::new(named(name, help), &[label.0])?)?;
        for values in every(&[label]) {
            made.get_metric_with_label_values(&values)?;
        }
        Ok(made)
    }

    /// A gauge that need not be whole.
    pub(super) fn ratio(&self, name: &str, help: &str) -> Result<Gauge> {
        self.keep(Gauge::with_opts(named(name, help))?)
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram> {
        let options = HistogramOpts { common_opts: named(name, help), buckets: buckets.to_vec() };
        self.keep(Histogram::with_opts(options)?)
    }

    /// Histograms by labels; those whose values are not said are there once they are met.
    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: &[Label<'_>],
    ) -> Result<HistogramVec> {
        let names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
        let options = HistogramOpts { common_opts: named(name, help), buckets: buckets.to_vec() };
        let made = self.keep(HistogramVec::new(options, &names)?)?;
        for values in every(labels) {
            made.get_metric_with_label_values(&values)?;
        }
        Ok(made)
    }

    fn keep<C: Collector + Clone + 'static>(&self, made: C) -> Result<C> {
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }
}

fn named(name: &str, help: &str) -> Opts {
    Opts::new(format!("{PREFIX}{name}"), help)
}

/// Every choice of one value for each label.
fn every<'a>(labels: &[Label<'a>]) -> Vec<Vec<&'a str>> {
    labels.iter().fold(vec![Vec::new()], |chosen, (_, values)| {
        let with = |one: &Vec<&'a str>| {
            let one = one.clone();
            values.iter().map(move |value| [one.clone(), vec![*value]].concat())
        };
        chosen.iter().flat_map(with).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_made_once() {
        assert_eq!(every(&[]), [Vec::<&str>::new()]);
        let both: &[Label<'_>] = &[("level", &["process", "redis"]), ("result", &["hit", "miss"])];
        let expected = [["process", "hit"], ["process", "miss"], ["redis", "hit"], ["redis", "miss"]];
        assert_eq!(every(both), expected);
        assert!(every(&[("route", &[])]).is_empty());
    }

    #[test]
    fn a_name_is_taken_once() {
        let make = Make::default();
        assert!(make.counter("a_total", "A.").is_ok());
        assert!(make.gauge("a_total", "A.").is_err());
    }
}
