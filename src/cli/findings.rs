//! Findings, as `doctor` and `check` show them: lines for people, one JSON document, annotations of a forge.

use super::annotation;
use super::printer::Printer;
use crate::json::{Value, object};
use crate::mission::audit::{Finding, Severity};

/// One line each, then the commands that help, then a summary.
pub(super) fn tell(printer: &mut Printer, findings: &[Finding], missions: usize) {
    for finding in findings {
        let place = finding.place();
        let gap = if place.is_empty() { "" } else { ": " };
        printer.line(&format!(
            "{:<8} {:<20} {place}{gap}{}",
            finding.severity.as_str(),
            finding.code,
            finding.message
        ));
    }
    let mut fixes: Vec<&str> = findings.iter().filter_map(|finding| finding.fix.as_deref()).collect();
    fixes.sort_unstable();
    fixes.dedup();
    for fix in fixes {
        printer.line(&format!("helps:   {fix}"));
    }
    printer.line(&summary(findings, missions));
}

/// Annotations of GitHub Actions, then a summary.
pub(super) fn annotate(printer: &mut Printer, findings: &[Finding], missions: usize) {
    for finding in findings {
        printer.line(&annotation::of(finding));
    }
    printer.line(&summary(findings, missions));
}

fn summary(findings: &[Finding], missions: usize) -> String {
    format!(
        "{missions} missions, {} errors, {} warnings",
        count(findings, Severity::Error),
        count(findings, Severity::Warning)
    )
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

/// The one document of `--json`.
pub(super) fn document(findings: &[Finding], missions: usize) -> Value {
    object([
        ("findings", Value::Array(findings.iter().map(as_json).collect())),
        (
            "summary",
            object([
                ("missions", missions.into()),
                ("errors", count(findings, Severity::Error).into()),
                ("warnings", count(findings, Severity::Warning).into()),
            ]),
        ),
    ])
}

/// A finding as `--json` shows it.
pub(super) fn as_json(finding: &Finding) -> Value {
    let message = match finding.position {
        Some(_) => format!("{}: {}", finding.place(), finding.message),
        None => finding.message.clone(),
    };
    object([
        ("code", finding.code.as_str().into()),
        ("severity", finding.severity.as_str().into()),
        ("path", finding.path.clone().into()),
        ("mission_id", finding.mission_id.map(|id| id.to_string()).into()),
        ("message", message.into()),
        ("fix", finding.fix.clone().into()),
    ])
}
