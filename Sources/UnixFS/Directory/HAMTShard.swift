internal import IPLD
internal import Multiformats

/// One block of a sharded directory.
///
/// ```
///   bitfield    which slots are taken, as one big-endian number without its leading zero bytes
///   links       one for each taken slot, in order, its name beginning with the slot in upper-case hex:
///                 "0A"            a shard of the next level
///                 "0Areadme.txt"  the entry "readme.txt"
/// ```
///
/// See <https://specs.ipfs.tech/unixfs/#hamt-sharded-directory>.
struct HAMTShard {
  /// What a slot holds.
  enum Child {
    case entry(DirectoryEntry)
    case shard(cid: CID, tsize: UInt64)
  }

  /// The slots of the shard.
  let fanout: Int
  /// The taken slots, in order.
  var children: [(slot: Int, child: Child)]

  init(fanout: Int, children: [(slot: Int, child: Child)]) {
    self.fanout = fanout
    self.children = children
  }

  /// Reads a shard.
  ///
  /// - Throws: `malformed` where bitfield, links and slots do not agree, `unsupported` for another hash function.
  init(_ block: UnixFSBlock) throws(UnixFSError) {
    let node = block.node
    guard node.hashType == HAMTHash.code else {
      throw UnixFSError(.unsupported, "a shard of hash function \(node.hashType.map(String.init) ?? "none")")
    }
    guard let fanout = node.fanout, ImportProfile.Sharding.isValid(fanout: fanout) else {
      throw UnixFSError(.malformed, "a shard of \(node.fanout ?? 0) slots")
    }
    self.fanout = Int(fanout)
    let slots = try Self.slots(of: node.data ?? [], fanout: self.fanout)
    guard slots.count == block.links.count else {
      throw UnixFSError(.malformed, "\(slots.count) slots are taken, there are \(block.links.count) links")
    }
    children = []
    children.reserveCapacity(slots.count)
    for (slot, link) in zip(slots, block.links) {
      let prefix = Self.prefix(of: slot, fanout: self.fanout)
      guard link.name.starts(with: prefix) else {
        throw UnixFSError(.malformed, "a link in slot \(slot) is named for another")
      }
      if link.name.count == prefix.count {
        children.append((slot, .shard(cid: link.cid, tsize: link.tsize)))
      } else {
        var entry = DirectoryEntry(link)
        entry.name = EntryName(bytes: link.name.dropFirst(prefix.count))
        children.append((slot, .entry(entry)))
      }
    }
  }

  /// The UnixFS message and the links of the shard.
  func encoded() -> (node: UnixFSNode, links: [DAGPBNode.Link]) {
    var bitfield = [UInt8](repeating: 0, count: fanout / 8)
    let links = children.map { slot, child in
      bitfield[bitfield.count - 1 - slot / 8] |= 1 << UInt8(slot % 8)
      let prefix = Self.prefix(of: slot, fanout: fanout)
      return switch child {
      case .entry(let entry): DAGPBNode.Link(cid: entry.cid, name: prefix + entry.name.bytes, tsize: entry.tsize)
      case .shard(let cid, let tsize): DAGPBNode.Link(cid: cid, name: prefix, tsize: tsize)
      }
    }
    let data = Array(bitfield.drop { $0 == 0 })
    let node = UnixFSNode(
      kind: .hamtShard, data: data.isEmpty ? nil : data, hashType: HAMTHash.code, fanout: UInt64(fanout))
    return (node, links)
  }

  /// The position of a slot in ``children``, or where it would be.
  static func position(of slot: Int, count: Int, slotAt: (Int) -> Int) -> (index: Int, isTaken: Bool) {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if slotAt(middle) < slot { low = middle + 1 } else { high = middle }
    }
    return (low, low < count && slotAt(low) == slot)
  }

  /// The child in a slot.
  func child(in slot: Int) -> Child? {
    let (index, isTaken) = Self.position(of: slot, count: children.count) { children[$0].slot }
    return isTaken ? children[index].child : nil
  }

  /// The taken slots that a bitfield states.
  private static func slots(of bitfield: [UInt8], fanout: Int) throws(UnixFSError) -> [Int] {
    guard bitfield.count <= fanout / 8 else {
      throw UnixFSError(.malformed, "a bitfield of \(bitfield.count) bytes for \(fanout) slots")
    }
    var slots: [Int] = []
    for (index, byte) in bitfield.reversed().enumerated() where byte != 0 {
      for bit in 0..<8 where byte & 1 << UInt8(bit) != 0 { slots.append(index * 8 + bit) }
    }
    return slots
  }

  /// A slot as the name of a link begins.
  private static func prefix(of slot: Int, fanout: Int) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    let width = ((fanout - 1).bitWidth - (fanout - 1).leadingZeroBitCount + 3) / 4
    return (0..<width).reversed().map { digits[slot >> ($0 * 4) & 0xF] }
  }
}
