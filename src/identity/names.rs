//! What a machine, a project and a repository are called, derived where no file says it.

use crate::env;
use crate::id::sha256_hex;

/// The machine and its user as 12 hexadecimal digits, which tell neither: of the SHA-256 of `<hostname>:<user>`.
pub fn node_id() -> String {
    let user = env::USER_NAMES.into_iter().find_map(|name| env::text(name).filter(|user| !user.is_empty()));
    digest(&host(), &user.unwrap_or_default())
}

fn digest(host: &str, user: &str) -> String {
    sha256_hex(format!("{host}:{user}").as_bytes())[..12].to_owned()
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    env::text(env::COMPUTERNAME).unwrap_or_default()
}

/// The project's name: the last part of the URL of `origin`, else the name of the directory; lower case, `-` for `_`
/// and spaces.
pub fn project_slug(origin: Option<&str>, directory: &str) -> String {
    let from_url = origin.and_then(|url| last_parts(url).pop()).filter(|name| !name.is_empty());
    from_url.unwrap_or(directory).to_lowercase().replace(['_', ' '], "-")
}

/// `owner/name` of `origin`; `None` for a URL without a host.
pub fn repo_slug(origin: &str) -> Option<String> {
    match last_parts(origin)[..] {
        [.., owner, name] if !owner.is_empty() && !name.is_empty() && has_host(origin) => {
            Some(format!("{owner}/{name}"))
        }
        _ => None,
    }
}

/// The parts of the path, without `.git`.
fn last_parts(url: &str) -> Vec<&str> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => match url.split_once(':') {
            // `host:path`; a path that holds a colon after a slash is a path.
            Some((host, path)) if !host.contains('/') => path,
            _ => url,
        },
    };
    let path = path.trim_end_matches('/');
    path.strip_suffix(".git").unwrap_or(path).split('/').collect()
}

fn has_host(url: &str) -> bool {
    match url.split_once("://") {
        Some((scheme, rest)) => scheme != "file" && !rest.starts_with('/'),
        None => url.split_once(':').is_some_and(|(host, _)| !host.is_empty() && !host.contains('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_every_form() {
        for (url, slug, repo) in [
            ("https://example.com/Acme/My_Tool.git", "my-tool", Some("Acme/My_Tool")),
            ("git@example.com:acme/tool.git", "tool", Some("acme/tool")),
            ("ssh://git@example.com:2222/group/sub/tool/", "tool", Some("sub/tool")),
            ("/srv/git/My Tool.git", "my-tool", None),
            ("../tool", "tool", None),
            ("file:///srv/git/tool.git", "tool", None),
            ("https://example.com", "directory", None),
        ] {
            assert_eq!(project_slug(Some(url), "directory"), slug, "{url}");
            assert_eq!(repo_slug(url).as_deref(), repo, "{url}");
        }
        assert_eq!(project_slug(None, "My_Dir"), "my-dir");
    }

    #[test]
    fn a_node_is_12_digits() {
        assert_eq!(digest("host", "user"), "2e1a29e6f4ef");
        assert_eq!(node_id().len(), 12);
        assert_eq!(node_id(), node_id());
    }
}
