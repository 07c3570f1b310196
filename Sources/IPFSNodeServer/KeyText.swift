import IPFSNode
import Multiformats

/// How a reply writes the names of keys: base58btc of the multihash alone, or a CID in a base.
package struct KeyText: Sendable {
  private let base: Multibase?

  /// The option of most commands; the base is `base36` where it is not given.
  static let option = Command.Option(.string, "ipns-base")

  /// Reads the option of a call.
  ///
  /// - Throws: ``RPCError`` for a base that there is none of.
  init(_ call: Call, option: String = "ipns-base", default fallback: String = "base36") throws(RPCError) {
    let name = call.options.string(option) ?? fallback
    guard name != "b58mh", name != "v0" else {
      base = nil
      return
    }
    let scalars = name.unicodeScalars
    let found = scalars.count == 1 ? scalars.first.flatMap(Multibase.init(prefix:)) : Multibase(name: name)
    guard let found else {
      throw RPCError(name.isEmpty ? "empty multibase encoding" : "unsupported multibase encoding: \(name)")
    }
    base = found
  }

  /// The name of a key.
  func text(_ peer: PeerID) -> String { base.map(peer.text(in:)) ?? peer.description }

  /// A key as replies have it.
  func json(_ name: String, _ peer: PeerID) -> JSON { ["Name": .string(name), "Id": .string(text(peer))] }
}
