/// A pattern of paths as Python's `glob` has them: `*`, `?` and `[…]` within a name, `**` for any number of names.
///
/// All compare Unicode scalars: a combining mark at the start of a name is no part of the slash before it.
struct GlobPattern: Sendable {
  private enum Label: Sendable {
    /// Any number of names.
    case anyDepth
    case name(NamePattern, startsWithPeriod: Bool)
  }

  private let labels: [Label]
  private let matchesDirectoriesOnly: Bool
  private let periodSpecial: Bool

  /// - Parameter periodSpecial: Whether a period at the start of a name is matched by a period alone.
  /// - Throws: `encoding` for a pattern that could never match.
  init(_ text: String, periodSpecial: Bool) throws(ClientError) {
    self.periodSpecial = periodSpecial
    let scalars = text.unicodeScalars
    matchesDirectoriesOnly = scalars.last == "/"
    guard scalars.first != "/" else {
      throw ClientError(.encoding, "the pattern \"\(text)\" never matches: paths are relative")
    }
    var labels: [Label] = []
    for label in Self.names(of: text) where label != ["."] {
      if label == ["*", "*"] {
        labels.append(.anyDepth)
      } else if label == [".", "."] {
        throw ClientError(.encoding, "the pattern \"\(text)\" never matches: no path has \"..\" in it")
      } else if zip(label, label.dropFirst()).contains(where: { $0 == ("*", "*") }) {
        throw ClientError(.encoding, "the pattern \"\(text)\" has ** beside other characters")
      } else {
        labels.append(.name(NamePattern(label), startsWithPeriod: label.first == "."))
      }
    }
    guard !labels.isEmpty else { throw ClientError(.encoding, "the pattern \"\(text)\" is empty") }
    self.labels = labels
  }

  private typealias Name = ArraySlice<Unicode.Scalar>

  private static func names(of path: String) -> [Name] { Array(path.unicodeScalars).split(separator: "/") }

  /// Whether something below a directory could match.
  func shouldDescend(_ path: String) -> Bool {
    for (index, name) in Self.names(of: path).enumerated() {
      // What follows `**` is looked for at any depth.
      guard index < labels.count, case .name = labels[index] else { return index < labels.count }
      guard index < labels.count - 1, matches(labels[index], name) else { return false }
    }
    return true
  }

  /// Whether a file or directory matches. So do directories on the way to where something could.
  func shouldReport(_ path: String, isDirectory: Bool) -> Bool {
    guard isDirectory || !matchesDirectoriesOnly else { return false }
    return matches(labels[...], Self.names(of: path)[...], isDirectory)
  }

  private func matches(_ labels: ArraySlice<Label>, _ names: ArraySlice<Name>, _ isDirectory: Bool) -> Bool {
    guard let label = labels.first else { return names.isEmpty }
    guard case .anyDepth = label else {
      guard let name = names.first else { return isDirectory }
      return matches(label, name) && matches(labels.dropFirst(), names.dropFirst(), isDirectory)
    }
    let rest = labels.dropFirst()
    let isHidden = { (name: Name) in periodSpecial && name.first == "." }
    if rest.isEmpty { return !names.isEmpty && !names.contains(where: isHidden) }
    // Hidden directories do not count among those that `**` stands for.
    let skippable = names.prefix { !isHidden($0) }.count
    return (0...skippable).contains { $0 < names.count && matches(rest, names.dropFirst($0), isDirectory) }
  }

  private func matches(_ label: Label, _ name: Name) -> Bool {
    guard case .name(let pattern, let startsWithPeriod) = label else { return false }
    if periodSpecial, !startsWithPeriod, name.first == "." { return false }
    return pattern.matches(name)
  }
}

/// A pattern of one name, as Python's `fnmatch` has it: in `[…]`, `!` at the start stands for all others, and `]` there
/// for itself. Nothing escapes.
private struct NamePattern: Sendable {
  private enum Token: Sendable {
    case any
    case anyNumber
    case one(Unicode.Scalar)
    case among([ClosedRange<Unicode.Scalar>], isNegated: Bool)

    func matches(_ scalar: Unicode.Scalar) -> Bool {
      switch self {
      case .any, .anyNumber: true
      case .one(let own): own == scalar
      case .among(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
      }
    }
  }

  private var tokens: [Token] = []

  init(_ text: ArraySlice<Unicode.Scalar>) {
    var rest = text
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": tokens.append(.anyNumber)
      case "?": tokens.append(.any)
      case "[":
        // Without an end, the bracket stands for itself.
        let content = rest.dropFirst(rest.first == "!" ? 1 : 0)
        guard let end = content.dropFirst().firstIndex(of: "]") else {
          tokens.append(.one("["))
          continue
        }
        tokens.append(.among(Self.ranges(content[..<end]), isNegated: rest.first == "!"))
        rest = rest[(end + 1)...]
      default: tokens.append(.one(scalar))
      }
    }
  }

  /// What stands between brackets; a range from a greater to a lesser one holds nothing.
  private static func ranges(_ text: ArraySlice<Unicode.Scalar>) -> [ClosedRange<Unicode.Scalar>] {
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var rest = text
    while let first = rest.popFirst() {
      if rest.count > 1, rest.first == "-", let last = rest.dropFirst().first {
        rest = rest.dropFirst(2)
        if first <= last { ranges.append(first...last) }
      } else {
        ranges.append(first...first)
      }
    }
    return ranges
  }

  func matches(_ name: ArraySlice<Unicode.Scalar>) -> Bool {
    var (token, index) = (0, name.startIndex)
    // Where to go on if what follows the last `*` does not fit: one scalar more is its.
    var retry: (token: Int, index: Int)?
    while index < name.endIndex {
      if token < tokens.count, case .anyNumber = tokens[token] {
        retry = (token + 1, index)
        token += 1
      } else if token < tokens.count, tokens[token].matches(name[index]) {
        token += 1
        index += 1
      } else if let (next, from) = retry {
        retry = (next, from + 1)
        (token, index) = (next, from + 1)
      } else {
        return false
      }
    }
    return tokens[token...].allSatisfy { if case .anyNumber = $0 { true } else { false } }
  }
}
