package import IPFSNode
import Synchronization

/// Who listens to which topic, which is bytes, in this process; messages go from one caller of the node to others.
///
/// The lock guards the listeners; nothing waits while it is held.
package final class PubsubHub: Sendable {
  /// A message of a topic.
  package struct Message: Sendable {
    /// Who sent it.
    package let from: PeerID
    /// What it says.
    package let data: [UInt8]
    /// Its number, eight bytes: each one of a sender has another.
    package let sequence: [UInt8]
  }

  /// The longest message, as in libp2p.
  package static let maximumSize = 1 << 20
  /// How many messages wait for a slow listener; those that come then are lost, as in libp2p.
  private static let maximumWaiting = 32

  private struct State {
    var listeners: [[UInt8]: [UInt64: AsyncStream<Message>.Continuation]] = [:]
    var nextListener: UInt64 = 0
    var sequence: UInt64
  }

  private let state: Mutex<State>

  /// A hub without listeners.
  ///
  /// - Parameter sequence: The number of the first message; later ones must have higher numbers, also of later processes.
  package init(sequence: UInt64) {
    state = Mutex(State(sequence: sequence))
  }

  /// The topics that somebody listens to, in order.
  package var topics: [[UInt8]] {
    state.withLock { $0.listeners.keys.sorted { $0.lexicographicallyPrecedes($1) } }
  }

  /// How many listen to a topic.
  package func listeners(of topic: [UInt8]) -> Int { state.withLock { $0.listeners[topic]?.count ?? 0 } }

  /// Listens to a topic until the sequence is let go of or its task is cancelled.
  package func messages(of topic: [UInt8]) -> AsyncStream<Message> {
    AsyncStream(bufferingPolicy: .bufferingOldest(Self.maximumWaiting)) { continuation in
      let number = state.withLock { state in
        state.nextListener += 1
        state.listeners[topic, default: [:]][state.nextListener] = continuation
        return state.nextListener
      }
      continuation.onTermination = { [weak self] _ in self?.remove(number, from: topic) }
    }
  }

  private func remove(_ number: UInt64, from topic: [UInt8]) {
    state.withLock { state in
      state.listeners[topic]?[number] = nil
      if state.listeners[topic]?.isEmpty == true { state.listeners[topic] = nil }
    }
  }

  /// Sends a message to all who listen to its topic now.
  package func publish(_ data: [UInt8], from peer: PeerID, to topic: [UInt8]) {
    let (message, listeners) = state.withLock { state in
      state.sequence += 1
      let sequence = withUnsafeBytes(of: state.sequence.bigEndian) { Array($0) }
      return (
        Message(from: peer, data: data, sequence: sequence), state.listeners[topic].map { Array($0.values) } ?? []
      )
    }
    for listener in listeners { listener.yield(message) }
  }
}
