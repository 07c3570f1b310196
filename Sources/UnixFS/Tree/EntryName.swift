/// The name of a directory entry: bytes, as POSIX and dag-pb have it.
///
/// Not a `String`: Swift compares strings by canonical equivalence, so that two names which differ only in their
/// Unicode normalisation would be one, and bytes that are no UTF-8 could not be kept.
public struct EntryName: Hashable, Sendable {
  /// The longest name that a file system can show, in bytes.
  public static let maximumLength = 255

  /// The name's bytes, of any value.
  public let bytes: [UInt8]

  /// Makes a name of raw bytes. Any bytes are accepted: see ``isPresentable``.
  public init(bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  /// Makes a name of the UTF-8 bytes of a string.
  public init(_ string: String) {
    self.bytes = Array(string.utf8)
  }

  /// Whether a file system can show the name: 1 to 255 bytes, not `.` or `..`, neither `/` nor NUL in it.
  public var isPresentable: Bool {
    guard !bytes.isEmpty, bytes.count <= Self.maximumLength else { return false }
    if bytes == [0x2E] || bytes == [0x2E, 0x2E] { return false }
    return !bytes.contains { $0 == 0 || $0 == 0x2F }
  }
}

extension EntryName: Comparable {
  /// Orders by bytes, as canonical dag-pb orders links.
  public static func < (left: EntryName, right: EntryName) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension EntryName: CustomStringConvertible, ExpressibleByStringLiteral {
  /// The name as text; bytes that are no UTF-8 become U+FFFD.
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// Makes a name of a literal.
  public init(stringLiteral value: String) { self.init(value) }
}
