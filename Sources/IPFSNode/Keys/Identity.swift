internal import Foundation

/// Who a node is: its own key pair, which the repo's configuration holds.
public struct Identity: Sendable {
  /// The key pair.
  public let privateKey: PrivateKey
  /// Its name.
  public let peerID: PeerID

  static let section = "Identity"
  static let peerIDKey = "PeerID"
  static let privateKeyKey = "PrivKey"

  /// A node of this key pair.
  init(_ privateKey: PrivateKey) {
    self.privateKey = privateKey
    peerID = privateKey.peerID
  }

  /// Reads the section `Identity` of a configuration; nil where there is no key pair.
  ///
  /// - Throws: `unusableRepo` for what is no key pair, or a name that is not its own.
  init?(in configuration: ConfigurationValue) throws(NodeError) {
    guard let section = configuration[Self.section], case .string(let text)? = section[Self.privateKeyKey],
      !text.isEmpty
    else { return nil }
    guard let bytes = Data(base64Encoded: text) else {
      throw NodeError(.unusableRepo, "the configuration's Identity.PrivKey is not base64")
    }
    do {
      self.init(try PrivateKey(serialized: Array(bytes)))
    } catch {
      throw NodeError(.unusableRepo, "the configuration's Identity.PrivKey is no private key", cause: error)
    }
    if case .string(let name)? = section[Self.peerIDKey], !name.isEmpty {
      guard (try? PeerID(name)) == peerID else {
        throw NodeError(.unusableRepo, "private key in config does not match id: \(name) != \(peerID)")
      }
    }
  }

  /// The section of a configuration.
  var section: ConfigurationValue {
    .object([
      Self.peerIDKey: .string(peerID.description),
      Self.privateKeyKey: .string(Data(privateKey.serialized).base64EncodedString()),
    ])
  }
}
