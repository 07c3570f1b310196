import IPFSNode
import Logging
import Multiformats
import NIOCore

/// The longest key that is taken, in bytes: one of RSA with 8192 bits has 5 KiB.
private let keyLimit = 64 << 10
/// The longest message that is signed: it is held whole.
private let messageLimit = 64 << 20

/// What the signature of a message begins with, so that it fits nothing else.
private let messagePrefix = Array("libp2p-key signed message:".utf8)

/// `key/*`.
let keyCommands: [Command] = [
  Command(
    "key/gen", [.string("name")],
    options: [.init(.string, "type", "t"), .init(.int, "size", "s"), KeyText.option]
  ) { call in
    let name = call.arguments[0]
    guard name != Keystore.ownName else { throw RPCError("cannot create key with name 'self'") }
    let text = try KeyText(call)
    // Before a key is made, which takes long.
    guard try await !call.node.keystore.names().contains(name) else {
      throw RPCError("key with name '\(name)' already exists")
    }
    let key = try await newKey(call.options.string("type") ?? "ed25519", size: call.options.integer("size"))
    try await call.node.keystore.add(key, as: name)
    try await call.reply.value(text.json(name, key.peerID))
  },
  Command(
    "key/import", [.string("name"), .file("key")],
    options: [.init(.string, "format", "f"), .init(.bool, "allow-any-key-type"), KeyText.option]
  ) { call in
    let name = call.arguments[0]
    guard name != Keystore.ownName else { throw RPCError("cannot import key with name 'self'") }
    let text = try KeyText(call)
    _ = try await call.files.first()
    let bytes = try await call.files.readAll(limit: keyLimit)
    let key = try PrivateKey(bytes, as: format(call, "import"))
    try await call.node.keystore.add(key, as: name)
    try await call.reply.value(text.json(name, key.peerID))
  },
  Command("key/export", [.string("name")], options: [.init(.string, "format", "f")]) { call in
    // A private key leaves by the command line of its owner alone, as in Kubo.
    guard call.isOwner else { throw RPCError.notFound }
    let name = call.arguments[0]
    guard name != Keystore.ownName else { throw RPCError("cannot export key with name 'self'") }
    let format = try format(call, "export")
    let key: PrivateKey
    do {
      key = try await call.node.keystore.key(name)
    } catch let error as NodeError where error.code == .notFound {
      throw RPCError("key with name '\(name)' doesn't exist")
    }
    let bytes = key.encoded(as: format)
    try await call.reply.beginBytes(type: "application/octet-stream", length: UInt64(bytes.count))
    try await call.reply.write(ByteBuffer(bytes: bytes))
  },
  keyList("key/list"), keyList("key/ls"),
  Command(
    "key/rename", [.string("name"), .string("newName")], options: [.init(.bool, "force", "f"), KeyText.option]
  ) { call in
    let (name, newName) = (call.arguments[0], call.arguments[1])
    let text = try KeyText(call)
    guard name != Keystore.ownName else { throw RPCError("cannot rename key with name 'self'") }
    guard newName != Keystore.ownName else { throw RPCError("cannot overwrite key with name 'self'") }
    do {
      let renamed = try await call.node.keystore.rename(
        name, to: newName, replacing: call.options.bool("force") == true)
      try await call.reply.value([
        "Was": .string(name), "Now": .string(newName), "Id": .string(text.text(renamed.key.peerID)),
        "Overwrite": .bool(renamed.hasReplaced),
      ])
    } catch let error as NodeError where error.code == .notFound {
      throw RPCError("no key named \(name) was found")
    }
  },
  Command(
    "key/rm", [.string("name", variadic: true, readsBody: true)], options: [.init(.bool, "l"), KeyText.option]
  ) { call in
    let text = try KeyText(call)
    var removed: [JSON] = []
    for name in call.arguments {
      guard name != Keystore.ownName else { throw RPCError("cannot remove key with name 'self'") }
      do {
        removed.append(text.json(name, try await call.node.keystore.remove(name).peerID))
      } catch let error as NodeError where error.code == .notFound {
        throw RPCError("no key named \(name) was found")
      }
    }
    try await call.reply.value(["Keys": .array(removed)])
  },
  Command("key/sign", [.file("data")], options: [.init(.string, "key", "k"), KeyText.option]) { call in
    let text = try KeyText(call)
    let name = signer(call)
    _ = try await call.files.first()
    let data = messagePrefix + (try await call.files.readAll(limit: messageLimit))
    let key =
      if name == Keystore.ownName { try await call.node.identity().privateKey } else {
        try await call.node.keystore.key(name)
      }
    try await call.reply.emit([
      "Key": text.json(name, key.peerID),
      "Signature": .string(Multibase.base64URL.encode(try key.signature(of: data))),
    ])
  },
  Command(
    "key/verify", [.file("data")],
    options: [.init(.string, "key", "k"), .init(.string, "signature", "s"), KeyText.option]
  ) { call in
    let text = try KeyText(call)
    guard let signature = try? Multibase.decode(call.options.string("signature") ?? "").bytes else {
      throw RPCError("selected encoding not supported")
    }
    _ = try await call.files.first()
    let data = messagePrefix + (try await call.files.readAll(limit: messageLimit))
    let (name, key) = try await verifier(call)
    try await call.reply.emit([
      "Key": text.json(name, key.peerID), "SignatureValid": .bool(key.verifies(signature, of: data)),
    ])
  },
]

private func keyList(_ name: String) -> Command {
  Command(name, options: [.init(.bool, "l"), KeyText.option]) { call in
    let text = try KeyText(call)
    var keys = [text.json(Keystore.ownName, try await call.node.identity().peerID)]
    for name in try await call.node.keystore.names() {
      do {
        keys.append(text.json(name, try await call.node.keystore.key(name).peerID))
      } catch {
        // One of a kind that is not known here, or that went meanwhile.
        call.services.logger.debug("a key cannot be listed", metadata: ["key": "\(name)", "error": "\(error)"])
      }
    }
    try await call.reply.value(["Keys": .array(keys)])
  }
}

private func newKey(_ type: String, size: Int64?) async throws -> PrivateKey {
  let size = size == -1 ? nil : size
  switch KeyKind(rawValue: type) {
  case .rsa: return try await .rsa(bits: size.map { Int(clamping: $0) } ?? KeyKind.defaultRSASize)
  case .ed25519:
    // They have one size, whatever is asked for.
    return .ed25519()
  case nil: throw RPCError("unrecognized key type: \(type)")
  }
}

private func format(_ call: Call, _ direction: String) throws(RPCError) -> PrivateKey.Format {
  guard let name = call.options.string("format") else { return .protobuf }
  guard let format = PrivateKey.Format(rawValue: name) else {
    throw RPCError("unrecognized \(direction) format: \(name)")
  }
  return format
}

/// The name of the key that signs.
private func signer(_ call: Call) -> String {
  guard let name = call.options.string("key"), !name.isEmpty else { return Keystore.ownName }
  return name
}

/// The key that a signature is compared with, and its name if it is one of this node's.
private func verifier(_ call: Call) async throws -> (name: String, key: PublicKey) {
  let name = signer(call)
  if name == Keystore.ownName { return (name, try await call.node.identity().privateKey.publicKey) }
  if let key = try? await call.node.keystore.key(name) { return (name, key.publicKey) }
  let text = name.hasPrefix("/ipns/") ? String(name.dropFirst(6)) : name
  guard let peer = try? PeerID(text) else {
    throw RPCError("'\"\(name)\"' is not a known key, an IPNS Name, or a valid PeerID")
  }
  return ("", try peer.publicKey())
}
