import Synchronization
public import UnixFS

/// Names an open file or directory.
public typealias HandleID = UInt64

/// The open directories. A listing is one moment's: the numbers of the nodes that were there when it was begun, of
/// which those are shown that still are when their turn comes. So a program that removes what it lists misses
/// nothing.
///
/// The lock guards the dictionary.
final class DirectoryTable: Sendable {
  struct Listing {
    var inode: InodeNumber
    var children: [InodeNumber]?
  }

  private struct State {
    var listings: [HandleID: Listing] = [:]
    var next: HandleID = 1
  }

  private let state = Mutex(State())

  func open(_ inode: InodeNumber) -> HandleID {
    state.withLock { state in
      let handle = state.next
      state.next += 1
      state.listings[handle] = Listing(inode: inode, children: nil)
      return handle
    }
  }

  func listing(_ handle: HandleID) -> Listing? { state.withLock { $0.listings[handle] } }

  func begin(_ handle: HandleID, _ children: [InodeNumber]) {
    state.withLock { $0.listings[handle]?.children = children }
  }

  func close(_ handle: HandleID) {
    state.withLock { _ = $0.listings.removeValue(forKey: handle) }
  }
}

/// An entry of a listing.
public struct ListedEntry: Sendable {
  /// Its name; `.` and `..` are the first two.
  public var name: EntryName
  /// The node's status. A lookup has not been counted for it.
  public var status: NodeStatus
  /// Where the listing goes on after it.
  public var next: UInt64
}

extension FileSystem {
  /// How many entries a step of a listing fetches.
  private static let listingStep = 128

  /// Opens a directory for listing.
  public func openDirectory(_ node: NodeID) async throws(FileSystemError) -> HandleID {
    let inode = InodeTable.inode(of: node)
    guard try await volume.record(of: inode).kind == .directory else { throw FileSystemError(.notDirectory) }
    return directories.open(inode)
  }

  /// Ends a listing.
  public func closeDirectory(_ handle: HandleID) {
    directories.close(handle)
  }

  /// Lists a directory from a position, 0 at first, until `body` returns false: that entry was not taken.
  public func list(
    _ handle: HandleID, from position: UInt64, _ body: (ListedEntry) -> Bool
  ) async throws(FileSystemError) {
    guard let listing = directories.listing(handle) else { throw FileSystemError(.invalidArgument) }
    let children: [InodeNumber]
    if position > 0, let begun = listing.children {
      children = begun
    } else {
      children = try await volume.children(of: listing.inode)
      directories.begin(handle, children)
    }
    guard try await listDots(listing.inode, from: position, body) else { return }
    var index = Int(clamping: max(position, 2) - 2)
    while index < children.count {
      let step = children[index..<min(children.count, index + Self.listingStep)]
      var place = index
      for (name, status) in try await entries(of: step, in: listing.inode) where name.isPresentable {
        while place < step.endIndex, children[place] != status.inode { place += 1 }
        guard body(ListedEntry(name: name, status: status, next: UInt64(place) + 3)) else { return }
      }
      index = step.endIndex
    }
  }

  /// Names and status of those of the nodes that are still in the directory.
  private func entries(
    of children: ArraySlice<InodeNumber>, in directory: InodeNumber
  ) async throws(FileSystemError) -> [(name: EntryName, status: NodeStatus)] {
    while true {
      let departures = files.departures
      let records = try await volume.records(of: children, in: directory)
      let entries = records.map { ($0.name, status($0)) }
      if files.departures == departures { return entries }
    }
  }

  /// Counts a lookup for an entry that was handed to the kernel with its status.
  public func noteLookup(_ entry: ListedEntry) {
    inodes.reference(node: entry.status.node)
  }

  private func listDots(
    _ inode: InodeNumber, from position: UInt64, _ body: (ListedEntry) -> Bool
  ) async throws(FileSystemError) -> Bool {
    guard position < 2 else { return true }
    let record = try await volume.record(of: inode)
    if position == 0 {
      let own = status(record)
      guard body(ListedEntry(name: EntryName("."), status: own, next: 1)) else { return false }
    }
    let above = record.parent == 0 ? inode : record.parent
    let parent = status(try await volume.record(of: above))
    return body(ListedEntry(name: EntryName(".."), status: parent, next: 2))
  }

  /// Returns when a directory's entries survive a loss of power.
  public func synchronizeDirectory(_ node: NodeID) async throws(FileSystemError) {
    try await volume.synchronize()
  }
}
