// Package kind checks cluster.yaml against the version of kind that go.mod pins.
package kind

import (
	"bytes"
	"os"
	"testing"

	yaml "go.yaml.in/yaml/v3"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

func TestCluster(t *testing.T) {
	text, err := os.ReadFile("cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// kind decodes a configuration in the same way, but in an internal package.
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var cluster v1alpha4.Cluster
	if err := decoder.Decode(&cluster); err != nil {
		t.Fatal(err)
	}
	if cluster.Kind != "Cluster" || cluster.APIVersion != "kind.x-k8s.io/v1alpha4" {
		t.Errorf("cluster.yaml is a %s of %s", cluster.Kind, cluster.APIVersion)
	}
	for _, node := range cluster.Nodes {
		if node.Image != defaults.Image {
			t.Errorf("the image is %s; kind's is %s", node.Image, defaults.Image)
		}
	}
	if len(cluster.Nodes) == 0 {
		t.Error("cluster.yaml has no nodes")
	}
}
