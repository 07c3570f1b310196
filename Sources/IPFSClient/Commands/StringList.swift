/// Texts, as several commands give them.
struct StringList: Decodable {
  let strings: [String]?

  enum CodingKeys: String, CodingKey {
    case strings = "Strings"
  }
}

extension Client {
  /// Runs a command that gives a list of texts.
  func strings(of command: Command, _ call: CallOptions) async throws -> [String] {
    try await value(StringList.self, of: command, call).strings ?? []
  }
}
