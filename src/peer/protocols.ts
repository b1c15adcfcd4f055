/** Names of the protocols that peers speak with each other. */
/** The one protocol that is open to a peer that is not a member yet. */
export const joinProtocol = "/dfs-shell/join/1";
/** Control calls between members: catalogue, shelves, holder records, heartbeats. */
export const rpcProtocol = "/dfs-shell/rpc/1";
/** Chunks between members, as raw frames. */
export const chunkProtocol = "/dfs-shell/chunks/5";
/** Appends between coordinators and their answers. */
export const groupAppendProtocol = "/dfs-shell/group-append/1";
/** Heartbeats, votes and reads between coordinators. */
export const groupControlProtocol = "/dfs-shell/group-control/1";
/** libp2p's ping. */
export const pingProtocol = "/ipfs/ping/1.0.0";
