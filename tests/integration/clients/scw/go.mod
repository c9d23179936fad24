// The command line client of Scaleway, built from its Go module; tests/integration/install_clients.sh.
module clients

go 1.22

require github.com/scaleway/scaleway-cli/v2 v2.34.0
