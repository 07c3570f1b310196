/// Versions of the daemon that a client accepts.
public struct VersionRange: Hashable, Sendable {
  /// The first one.
  public var minimum: String
  /// The first one that is too new.
  public var maximum: String
  /// Some between them that are not accepted.
  public var blacklist: [String]

  /// Makes a range.
  public init(minimum: String = "0.4.22", maximum: String = "0.43.0", blacklist: [String] = []) {
    self.minimum = minimum
    self.maximum = maximum
    self.blacklist = blacklist
  }

  /// The versions that this client knows.
  public static let supported = VersionRange()

  /// Checks a version, without what follows a hyphen in it.
  ///
  /// - Throws: `versionMismatch`.
  func check(_ version: String) throws(ClientError) {
    let numbers = try Self.numbers(version)
    let (first, end) = (try Self.numbers(minimum), try Self.numbers(maximum))
    guard !numbers.lexicographicallyPrecedes(first), numbers.lexicographicallyPrecedes(end) else {
      throw ClientError(
        .versionMismatch, "the daemon's version \(version) is not from \(minimum) up to, but without, \(maximum)")
    }
    for refused in blacklist where try Self.numbers(refused) == numbers {
      throw ClientError(.versionMismatch, "the daemon's version \(version) is one that does not work")
    }
  }

  private static func numbers(_ version: String) throws(ClientError) -> [Int] {
    let core = version.prefix { $0 != "-" && $0 != "+" }
    let numbers = core.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard !numbers.contains(nil) else { throw ClientError(.versionMismatch, "\"\(version)\" is no version") }
    // 0.5 is 0.5.0.
    let known = numbers.compactMap { $0 }
    return known + Array(repeating: 0, count: max(0, 3 - known.count))
  }
}

extension Client {
  /// Checks a version of a daemon.
  ///
  /// - Parameters:
  ///   - version: The version, such as ``Version-swift.struct/version``.
  ///   - range: What is accepted.
  /// - Throws: `versionMismatch`.
  public static func assertVersion(_ version: String, in range: VersionRange = .supported) throws(ClientError) {
    try range.check(version)
  }
}
