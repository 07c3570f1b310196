/// What must hold for one decoder on any input: it does not trap, and what it accepts means what it says.
///
/// The mutation tests and the fuzzer run the same checks.
public struct DecoderCheck: Sendable {
  /// The decoder.
  public let name: String
  /// Valid inputs, from which others are made.
  public let seeds: [[UInt8]]
  /// How many changed inputs are worth it: fewer where a whole command is carried out for each.
  public let rounds: Int
  /// Decodes an input and tells whether it was accepted.
  ///
  /// - Throws: ``Violation``.
  public let run: @Sendable ([UInt8]) async throws -> Bool

  /// A decoder accepted something and contradicts itself about it.
  public struct Violation: Error {
    /// What does not hold.
    public let message: String
  }

  init(
    _ name: String, seeds: [[UInt8]], rounds: Int = 100_000,
    run: @escaping @Sendable ([UInt8]) async throws -> Bool
  ) {
    self.name = name
    self.seeds = seeds
    self.rounds = rounds
    self.run = run
  }

  /// A check on texts; input that is not UTF-8 is repaired.
  init(
    _ name: String, texts: [String], rounds: Int = 100_000,
    run: @escaping @Sendable (String) async throws -> Bool
  ) {
    self.init(name, seeds: texts.map { Array($0.utf8) }, rounds: rounds) {
      try await run(String(decoding: $0, as: UTF8.self))
    }
  }

  /// The groups in which the fuzzer runs the checks.
  public static let groups = [
    "names", "addresses", "codecs", "archives", "unixfs", "state", "keys", "commands", "replies", "server",
  ]

  /// The checks of a group; none for another name.
  public static func group(_ name: String) async throws -> [DecoderCheck] {
    switch name {
    case "names": names
    case "addresses": addresses
    case "codecs": codecs
    case "archives": archives
    case "unixfs": try await unixFS()
    case "state": state
    case "keys": keys
    case "commands": commands
    case "replies": replies + wholeReplies
    case "server": try server()
    default: []
    }
  }
}

extension DecoderCheck: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}

/// Throws a violation unless `condition` holds.
func hold(_ condition: Bool, _ message: @autoclosure () -> String) throws {
  if !condition { throw DecoderCheck.Violation(message: message()) }
}
