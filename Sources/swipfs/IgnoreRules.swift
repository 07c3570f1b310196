import IPFSClient

/// Which files below a directory are left out: hidden ones, and what rules match as in a file `.gitignore`.
///
/// A line is a pattern: without a slash before its end it matches names at any depth, otherwise paths from the
/// directory that was named. `*`, `?` and `[a-z]` stand for what is no slash, `**` for any directories; a slash at the
/// end means directories alone; `!` takes back what lines before it matched; `#` begins a comment, `\` escapes.
///
/// Source: https://git-scm.com/docs/gitignore#_pattern_format
struct IgnoreRules: Sendable {
  private struct Rule: Sendable {
    var isNegated: Bool
    var directoriesOnly: Bool
    /// The pattern of each component; nil for `**`.
    var components: [[NamePart]?]
  }

  private let rules: [Rule]
  private let includesHidden: Bool

  /// Reads rules, one a line.
  init(_ lines: [String], includesHidden: Bool) {
    rules = lines.compactMap { Self.rule($0) }
    self.includesHidden = includesHidden
  }

  /// The pattern for ``Client/add(_:recursive:pattern:periodSpecial:followSymlinks:options:offline:opts:timeout:)``;
  /// nil if nothing is left out.
  var pattern: UploadPattern? {
    guard !rules.isEmpty || !includesHidden else { return nil }
    return .custom(
      shouldDescend: { !self.excludes($0, isDirectory: true) },
      shouldReport: { !self.excludes($0, isDirectory: $1) })
  }

  /// Whether a path below the named directory is left out. What is below such a directory is never asked about.
  func excludes(_ path: String, isDirectory: Bool) -> Bool {
    let components = path.split(separator: "/").map(Array.init)
    if !includesHidden, components.last?.first == "." { return true }
    var isExcluded = false
    for rule in rules where rule.isNegated == isExcluded {
      guard isDirectory || !rule.directoriesOnly else { continue }
      if Self.matches(rule.components[...], components[...]) { isExcluded = !rule.isNegated }
    }
    return isExcluded
  }

  private static func rule(_ line: String) -> Rule? {
    var text = Substring(line)
    while text.last == " ", !text.hasSuffix("\\ ") { text = text.dropLast() }
    guard !text.isEmpty, text.first != "#" else { return nil }
    let isNegated = text.first == "!"
    if isNegated { text = text.dropFirst() }
    let directoriesOnly = text.last == "/"
    if directoriesOnly { text = text.dropLast() }
    let isAnchored = text.contains("/")
    var components: [[NamePart]?] = text.split(separator: "/").map { $0 == "**" ? nil : NamePart.parse($0) }
    guard !components.isEmpty else { return nil }
    if !isAnchored { components.insert(nil, at: 0) }
    return Rule(isNegated: isNegated, directoriesOnly: directoriesOnly, components: components)
  }

  private static func matches(_ pattern: ArraySlice<[NamePart]?>, _ path: ArraySlice<[Character]>) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    let rest = pattern.dropFirst()
    guard let parts = first else {
      // At the end it is everything inside.
      if rest.isEmpty { return !path.isEmpty }
      return path.indices.contains { matches(rest, path[$0...]) }
    }
    guard let name = path.first, NamePart.match(parts[...], name[...]) else { return false }
    return matches(rest, path.dropFirst())
  }
}

/// A part of the pattern of a name.
private enum NamePart: Sendable {
  case character(Character)
  case any
  case anyNumber
  case range(isNegated: Bool, [ClosedRange<Character>])

  static func parse(_ text: Substring) -> [NamePart] {
    var parts: [NamePart] = []
    var rest = text
    while let character = rest.popFirst() {
      switch character {
      case "*":
        if case .anyNumber = parts.last {} else { parts.append(.anyNumber) }
      case "?": parts.append(.any)
      case "\\": parts.append(.character(rest.popFirst() ?? "\\"))
      case "[":
        if let (range, after) = parseRange(rest) {
          parts.append(range)
          rest = after
        } else {
          parts.append(.character("["))
        }
      default: parts.append(.character(character))
      }
    }
    return parts
  }

  private static func parseRange(_ text: Substring) -> (NamePart, Substring)? {
    var rest = text
    let isNegated = rest.first == "!" || rest.first == "^"
    if isNegated { rest = rest.dropFirst() }
    var ranges: [ClosedRange<Character>] = []
    // A bracket at the beginning stands for itself.
    while let low = rest.popFirst() {
      if low == "]", !ranges.isEmpty { return (.range(isNegated: isNegated, ranges), rest) }
      if rest.first == "-", let high = rest.dropFirst().first, high != "]" {
        rest = rest.dropFirst(2)
        if low <= high { ranges.append(low...high) }
      } else {
        ranges.append(low...low)
      }
    }
    return nil
  }

  /// Whether parts match a name. Goes back to the last star only, so that it takes no more than the product of both.
  static func match(_ parts: ArraySlice<NamePart>, _ name: ArraySlice<Character>) -> Bool {
    var part = parts.startIndex
    var character = name.startIndex
    var star: (part: Int, character: Int)?
    while character < name.endIndex {
      if part < parts.endIndex, case .anyNumber = parts[part] {
        star = (part, character)
        part += 1
      } else if part < parts.endIndex, parts[part].matches(name[character]) {
        part += 1
        character += 1
      } else if let last = star {
        star = (last.part, last.character + 1)
        part = last.part + 1
        character = last.character + 1
      } else {
        return false
      }
    }
    return parts[part...].allSatisfy { if case .anyNumber = $0 { true } else { false } }
  }

  private func matches(_ character: Character) -> Bool {
    switch self {
    case .character(let own): own == character
    case .any: true
    case .anyNumber: false
    case .range(let isNegated, let ranges): ranges.contains { $0.contains(character) } != isNegated
    }
  }
}
