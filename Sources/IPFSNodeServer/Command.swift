/// A command of the RPC: what it takes, and what it does.
package struct Command: Sendable {
  /// An argument.
  package struct Argument: Sendable {
    /// Its name in messages.
    package var name: String
    /// Whether the command needs it.
    package var isRequired: Bool
    /// Whether it may come several times; only the last argument may.
    package var isVariadic: Bool
    /// Whether it comes as the request's body instead of the query.
    package var isFile: Bool
    /// Whether its values may come as the lines of the request's body, where the query has none.
    package var readsBody: Bool

    /// A string in the query.
    package static func string(
      _ name: String, required: Bool = true, variadic: Bool = false, readsBody: Bool = false
    ) -> Argument {
      Argument(name: name, isRequired: required, isVariadic: variadic, isFile: false, readsBody: readsBody)
    }

    /// A file in the body.
    package static func file(_ name: String, required: Bool = true, variadic: Bool = false) -> Argument {
      Argument(name: name, isRequired: required, isVariadic: variadic, isFile: true, readsBody: false)
    }
  }

  /// An option.
  package struct Option: Sendable {
    /// What its values are.
    package enum Kind: String, Sendable {
      case bool
      case int
      case int64
      case uint
      case float
      case string
      case strings = "array"
    }

    /// Its name and other names for it; the first one is that of ``Call/Options``.
    package let names: [String]
    /// What its values are.
    package let kind: Kind

    /// Makes an option.
    package init(_ kind: Kind, _ names: String...) {
      self.names = names
      self.kind = kind
    }
  }

  /// What it does. Whatever it throws before it has sent anything is the reply's status, afterwards its trailer.
  package typealias Body = @Sendable (Call) async throws -> Void

  /// The command's path, such as `files/stat`.
  package let name: String
  /// What it takes, in order.
  package let arguments: [Argument]
  /// Its options beside those that every command has.
  package let options: [Option]
  /// Whether it may last long without sending anything, so that the caller's hanging up has to be watched for.
  package let isLasting: Bool
  /// What it does.
  package let body: Body
  /// Its options and those of every command, by each of their names.
  let optionsByName: [String: Option]

  /// Makes a command.
  package init(
    _ name: String, _ arguments: [Argument] = [], options: [Option] = [], lasting: Bool = false,
    body: @escaping Body
  ) {
    self.name = name
    self.arguments = arguments
    self.options = options
    isLasting = lasting
    self.body = body
    optionsByName = Dictionary(
      (options + Self.globalOptions).flatMap { option in option.names.map { ($0, option) } }
    ) { own, _ in own }
  }

  /// The options that every command has.
  static let globalOptions: [Option] = [
    Option(.string, "encoding", "enc"), Option(.bool, "stream-channels"), Option(.string, "timeout"),
    Option(.bool, "offline"), Option(.string, "cid-base"), Option(.bool, "upgrade-cidv0-in-output"),
  ]
}
