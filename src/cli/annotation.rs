//! A finding as a workflow command of GitHub Actions, which shows it beside the line that it is about.
//!
//! A workflow command is a line of output, so nothing that stands in a repository may end the line, the command's
//! properties or the value of one.

use crate::mission::audit::{Finding, Severity};

/// `::error file=…,line=…,col=…,title=CODE::message`
pub(super) fn of(finding: &Finding) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(path) = &finding.path {
        properties.push(format!("file={}", property(path)));
    }
    if let Some((line, column)) = finding.position {
        properties.push(format!("line={line}"));
        properties.push(format!("col={column}"));
    }
    properties.push(format!("title={}", property(finding.code.as_str())));
    let mut message = finding.message.clone();
    if let Some(fix) = &finding.fix {
        message.push_str("\nhelps: ");
        message.push_str(fix);
    }
    format!("::{command} {}::{}", properties.join(","), data(&message))
}

/// The text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::audit::Code;

    #[test]
    fn nothing_ends_a_line_or_a_property() {
        let finding = Finding::new(Code::JsonInvalid, "50% of\r\n::error::it\u{2028}, all: of it")
            .at("kitty-specs/a,line=9::stop-commands::x\n::add-mask::y%0A/meta.json")
            .position(Some((2, 3)))
            .fixed_by("git mission migrate");
        assert_eq!(
            of(&finding),
            "::error file=kitty-specs/a%2Cline=9%3A%3Astop-commands%3A%3Ax%0A%3A%3Aadd-mask%3A%3Ay%250A/meta.json,\
             line=2,col=3,title=JSON_INVALID::50%25 of%0D%0A::error::it\u{2028}, all: of it%0Ahelps: git mission migrate"
        );
        let finding = Finding { severity: Severity::Info, ..Finding::new(Code::NumberUnsettled, "none") };
        assert_eq!(of(&finding), "::notice title=NUMBER_UNSETTLED::none");
    }
}
