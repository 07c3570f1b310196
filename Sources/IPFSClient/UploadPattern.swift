import Foundation

/// Which of the files and directories below a local directory are added.
///
/// A string literal is a pattern as shells and Python's `glob` have it, an array literal is what any of its elements
/// matches:
///
/// ```swift
/// let images = client.add("photos", recursive: true, pattern: "**/*.jpg")
/// let site = client.add("site", recursive: true, pattern: ["**", ".well-known/**"])
/// ```
///
/// Paths are relative to the directory that was named, without a slash at either end. The directories that lead to what
/// is added are added, too.
public struct UploadPattern: Sendable, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral {
  private enum Form: Sendable {
    case glob(String)
    case matcher(UploadMatcher)
    case any([UploadPattern])
  }

  private let form: Form

  private init(_ form: Form) { self.form = form }

  /// A glob pattern, as ``glob(_:)`` makes it.
  public init(stringLiteral pattern: String) { self.init(.glob(pattern)) }

  /// What any of some patterns matches.
  public init(arrayLiteral patterns: UploadPattern...) { self.init(.any(patterns)) }

  /// A pattern in which `*` stands for any part of a name, `?` for one character, `[a-z]` for one of some and `[!a-z]`
  /// for one of all others, `**` for any number of directories. With a slash at its end it matches directories alone.
  ///
  /// A period at the start of a name is matched by a period alone, unless `add` gets `periodSpecial: false`. No directory
  /// is read in which nothing can match. A call with a pattern that could match nowhere, such as an absolute path, throws
  /// `encoding`.
  public static func glob(_ pattern: String) -> UploadPattern { UploadPattern(.glob(pattern)) }

  /// A regular expression, as `NSRegularExpression` reads it, that must fit the beginning of a path.
  ///
  /// Paths of directories end in a slash here. All directories are read, for what lies below might match.
  ///
  /// - Throws: `encoding` for what is none.
  public static func regularExpression(_ expression: String) throws(ClientError) -> UploadPattern {
    let matcher: NSRegularExpression
    do {
      matcher = try NSRegularExpression(pattern: expression)
    } catch {
      throw ClientError(.encoding, "\"\(expression)\" is no regular expression", cause: error)
    }
    return custom { path, isDirectory in
      let text = isDirectory ? path + "/" : path
      return matcher.firstMatch(in: text, options: .anchored, range: NSRange(text.startIndex..., in: text)) != nil
    }
  }

  /// A pattern of the caller's own.
  ///
  /// Names that are not UTF-8 have U+FFFD where they are not. A symbolic link that is not followed is no directory.
  ///
  /// - Parameters:
  ///   - shouldDescend: Whether to look into a directory.
  ///   - shouldReport: Whether to add a file, symbolic link or directory; of a directory, only itself.
  public static func custom(
    shouldDescend: @escaping @Sendable (_ path: String) -> Bool = { _ in true },
    shouldReport: @escaping @Sendable (_ path: String, _ isDirectory: Bool) -> Bool
  ) -> UploadPattern {
    UploadPattern(.matcher(UploadMatcher(shouldDescend: shouldDescend, shouldReport: shouldReport)))
  }

  /// What any of some patterns matches; nothing, if there are none.
  public static func any(_ patterns: [UploadPattern]) -> UploadPattern { UploadPattern(.any(patterns)) }

  /// What decides about each path.
  ///
  /// - Throws: `encoding` for a pattern that could never match.
  package func matcher(periodSpecial: Bool) throws(ClientError) -> UploadMatcher {
    switch form {
    case .glob(let text):
      let pattern = try GlobPattern(text, periodSpecial: periodSpecial)
      return UploadMatcher(
        shouldDescend: { pattern.shouldDescend($0) },
        shouldReport: { pattern.shouldReport($0, isDirectory: $1) })
    case .matcher(let matcher): return matcher
    case .any(let patterns):
      var matchers: [UploadMatcher] = []
      for pattern in patterns { matchers.append(try pattern.matcher(periodSpecial: periodSpecial)) }
      let all = matchers
      return UploadMatcher(
        shouldDescend: { path in all.contains { $0.shouldDescend(path) } },
        shouldReport: { path, isDirectory in all.contains { $0.shouldReport(path, isDirectory) } })
    }
  }
}

/// Decides about each path below a directory.
package struct UploadMatcher: Sendable {
  package let shouldDescend: @Sendable (_ path: String) -> Bool
  package let shouldReport: @Sendable (_ path: String, _ isDirectory: Bool) -> Bool

  /// Takes everything.
  static let all = UploadMatcher(shouldDescend: { _ in true }, shouldReport: { _, _ in true })
}
