/// What of the command line is understood before the parser sees it: options that stand before the command, as Kubo's
/// tool takes them (`swipfs --repo DIR ls …`), and its way to write flags (`--pin=false`).
package struct LeadingOptions: Sendable {
  /// Options that every command on a node has, by name.
  package let values: [String: String]
  /// Those of them without a value.
  package let flags: Set<String>
  /// The rest of the command line.
  package let arguments: [String]

  /// Those of this process.
  package static let current = LeadingOptions(Array(CommandLine.arguments.dropFirst()))

  private static let names: Set<String> = ["--api", "--api-auth", "--repo", "--timeout", "--cid-base"]
  /// Flags that Kubo's users write with a value.
  private static let flagNames: Set<String> = [
    "empty-dirs", "fast-provide-dag", "fast-provide-root", "fast-provide-wait", "flush", "hidden", "inline",
    "only-hash",
    "pin", "pin-roots", "preserve-mode", "preserve-mtime", "progress", "quiet", "raw-leaves", "recursive", "resolve",
    "resolve-type", "size", "stats", "stream", "trickle", "unpin", "v1compat", "wrap-with-directory",
  ]

  /// Those of a command line, without the program's name.
  package init(_ words: [String]) {
    var values: [String: String] = [:]
    var flags: Set<String> = []
    var rest = words[...]
    while let word = rest.first, word.hasPrefix("--") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      if word == "--offline" {
        flags.insert(word)
        rest = rest.dropFirst()
      } else if Self.names.contains(parts[0]), parts.count == 2 {
        values[parts[0]] = parts[1]
        rest = rest.dropFirst()
      } else if Self.names.contains(word), rest.count > 1 {
        values[word] = rest[rest.startIndex + 1]
        rest = rest.dropFirst(2)
      } else {
        break
      }
    }
    self.values = values
    self.flags = flags
    let end = rest.firstIndex(of: "--") ?? rest.endIndex
    arguments = rest[..<end].map { Self.flag($0) } + rest[end...]
  }

  /// `--pin=false` as `--no-pin`, `--pin=true` as `--pin`; all else as it is.
  private static func flag(_ word: String) -> String {
    guard word.hasPrefix("--"), let sign = word.firstIndex(of: "=") else { return word }
    let name = word[..<sign].dropFirst(2)
    guard flagNames.contains(String(name)) else { return word }
    switch word[word.index(after: sign)...] {
    case "true": return "--\(name)"
    case "false": return "--no-\(name)"
    default: return word
    }
  }
}
