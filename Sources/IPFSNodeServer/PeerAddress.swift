package import IPFSNode
import Multiformats

/// An address of a peer: how to get there, and who is there (`/ip4/…/tcp/…/p2p/PEER`).
package struct PeerAddress: Sendable {
  /// The address as it was given.
  package let text: String
  /// Who is there; nil if the address does not say.
  package let peer: PeerID?
  /// Whether it says how to get there.
  package let hasTransport: Bool
  /// The address without the peer.
  package let transport: String

  /// Reads an address.
  ///
  /// - Throws: ``RPCError`` in Kubo's words.
  package init(_ text: String) throws(RPCError) {
    guard text.hasPrefix("/") else {
      throw RPCError("failed to parse multiaddr \"\(text)\": \(text.isEmpty ? "empty multiaddr" : "must begin with /")")
    }
    let address: Multiaddr
    do throws(MultiformatsError) {
      address = try Multiaddr(text)
    } catch {
      throw RPCError("failed to parse multiaddr \"\(text)\": \(error.message)")
    }
    self.text = text
    let last = address.components[address.components.count - 1]
    peer = last.proto.name == "p2p" ? try? PeerID(bytes: last.bytes) : nil
    hasTransport = address.components.count > (peer == nil ? 0 : 1)
    let transport = peer == nil ? address.components[...] : address.components.dropLast()
    self.transport = transport.map { component in
      let value = component.text.hasPrefix("/") || component.text.isEmpty ? component.text : "/\(component.text)"
      return "/\(component.proto.name)\(value)"
    }.joined()
  }

  /// The peer of an address that must name one.
  ///
  /// - Throws: ``RPCError``.
  func requiredPeer() throws(RPCError) -> PeerID {
    guard let peer else { throw RPCError("invalid p2p multiaddr") }
    return peer
  }
}
