/// A peer and where it may be found.
public struct PeerAddresses: Codable, Hashable, Sendable {
  /// The peer's identifier.
  public let id: String
  /// Its multiaddrs.
  public let addresses: [String]

  private enum CodingKeys: String, CodingKey {
    case id = "ID"
    case addresses = "Addrs"
  }

  /// Reads the daemon's JSON.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(String.self, forKey: .id)
    addresses = try container.decodeList(forKey: .addresses)
  }
}
