public import UnixFS

/// A path in the tree: absolute, with `.`, `..` and empty names taken out.
public struct TreePath: Hashable, Sendable, CustomStringConvertible {
  /// The most names that a path may have.
  public static let mostNames = 2048

  /// The names on the way, from the root.
  public let names: [EntryName]
  /// Whether a slash ends it that is not the root's: what is meant is in that directory.
  public let endsWithSlash: Bool

  /// Names a place.
  public init(names: [EntryName], endsWithSlash: Bool = false) {
    self.names = names
    self.endsWithSlash = endsWithSlash && !names.isEmpty
  }

  /// Reads a path.
  ///
  /// - Throws: `invalidPath` for one that is empty, does not begin at the root, or has too many names.
  public init(_ text: String) throws(FilesError) {
    guard !text.isEmpty else { throw FilesError(.invalidPath, "paths must not be empty") }
    guard text.utf8.first == UInt8(ascii: "/") else {
      throw FilesError(.invalidPath, "paths must start with a leading slash")
    }
    var names: [EntryName] = []
    for part in text.utf8.split(separator: UInt8(ascii: "/")) {
      let name = EntryName(bytes: part)
      switch name.bytes {
      case [0x2E]: break
      case [0x2E, 0x2E]: _ = names.popLast()
      default: names.append(name)
      }
    }
    guard names.count <= Self.mostNames else {
      throw FilesError(.invalidPath, "a path of \(names.count) names: at most \(Self.mostNames)")
    }
    self.init(names: names, endsWithSlash: text.utf8.last == UInt8(ascii: "/") && text.utf8.count > 1)
  }

  /// Whether it is the root.
  public var isRoot: Bool { names.isEmpty }

  /// Its last name; nil for the root.
  public var name: EntryName? { names.last }

  /// The directory that it is in; of the root the root itself.
  public var parent: TreePath { TreePath(names: names.dropLast()) }

  /// The path of a name in it.
  public func appending(_ name: EntryName) -> TreePath { TreePath(names: names + [name]) }

  /// The path without a slash at its end.
  public var withoutSlash: TreePath { TreePath(names: names) }

  /// Its text, with a slash at its end where that means something.
  public var description: String {
    "/" + Self.text(of: names) + (endsWithSlash ? "/" : "")
  }

  static func text(of names: some Sequence<EntryName>) -> String {
    names.map(\.description).joined(separator: "/")
  }
}
